"""A bundle as a model of other runtimes."""

from mmctr.pipelines.export.pipeline import create_pipeline

__all__ = ["create_pipeline"]
