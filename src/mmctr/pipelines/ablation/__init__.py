"""What the content of items is worth: arms x seeds under one budget."""

from mmctr.pipelines.ablation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
