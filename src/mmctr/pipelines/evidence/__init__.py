"""What holds on more than one log: a meta-analysis of several ablations."""

from mmctr.pipelines.evidence.pipeline import create_pipeline

__all__ = ["create_pipeline"]
