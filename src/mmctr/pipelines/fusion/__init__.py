"""Items and their codes become the item table that models read."""

from mmctr.pipelines.fusion.pipeline import create_pipeline

__all__ = ["create_pipeline"]
