"""Vectors become codes and codebook health."""

from mmctr.pipelines.quantization.pipeline import create_pipeline

__all__ = ["create_pipeline"]
