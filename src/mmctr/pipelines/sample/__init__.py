"""A small synthetic data set in the challenge's file layout."""

from mmctr.pipelines.sample.pipeline import create_pipeline

__all__ = ["create_pipeline"]
