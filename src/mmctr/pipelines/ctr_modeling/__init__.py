"""From item table and click log to weights, predictions and metrics."""

from mmctr.pipelines.ctr_modeling.pipeline import create_pipeline

__all__ = ["create_pipeline"]
