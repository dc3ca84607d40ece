"""Which settings of quantiser and model are best on valid: trials under one budget."""

from mmctr.pipelines.tuning.pipeline import create_pipeline

__all__ = ["create_pipeline"]
