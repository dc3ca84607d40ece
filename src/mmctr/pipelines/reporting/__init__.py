"""Artifacts of a run to one page and a model card."""

from mmctr.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]
