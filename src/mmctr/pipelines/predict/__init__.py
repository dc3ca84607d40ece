"""A log that training never saw, scored by a bundle."""

from mmctr.pipelines.predict.pipeline import create_pipeline

__all__ = ["create_pipeline"]
