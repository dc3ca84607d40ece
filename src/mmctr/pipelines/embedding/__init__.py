"""Pipeline ``embedding``: texts, covers and vectors of the items become vectors."""

from mmctr.pipelines.embedding.pipeline import create_pipeline

__all__ = ["create_pipeline"]
