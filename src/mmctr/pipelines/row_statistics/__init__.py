"""Rows and clicks to rows with statistics beside them."""

from mmctr.pipelines.row_statistics.pipeline import create_pipeline

__all__ = ["create_pipeline"]
