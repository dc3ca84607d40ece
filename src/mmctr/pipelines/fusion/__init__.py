"""Vectors and item features become one fused item feature table."""

from mmctr.pipelines.fusion.pipeline import create_pipeline

__all__ = ["create_pipeline"]
