"""From the artifacts of a run to its report and the model card."""

from mmctr.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]
