"""Baselines that are trained, to be compared with the model."""

from mmctr.pipelines.baselines.pipeline import create_pipeline

__all__ = ["create_pipeline"]
