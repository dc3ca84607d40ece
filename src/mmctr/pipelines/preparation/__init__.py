"""``source`` (challenge files or an interaction log) to the primary tables."""

from mmctr.pipelines.preparation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
