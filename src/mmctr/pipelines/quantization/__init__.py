"""Vectors become codes, codebook health and the item table."""

from mmctr.pipelines.quantization.pipeline import create_pipeline

__all__ = ["create_pipeline"]
