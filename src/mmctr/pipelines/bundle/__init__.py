"""A trained model as a folder that answers by itself."""

from mmctr.pipelines.bundle.pipeline import create_pipeline

__all__ = ["create_pipeline"]
