"""Multimodal click-through-rate models as one Kedro project."""

from typing import Any

__version__ = "0.1.0"

__all__ = ["Scorer"]


def __getattr__(name: str) -> Any:
    """Import :class:`mmctr.serving.scorer.Scorer` when it is asked for."""
    if name == "Scorer":
        from mmctr.serving.scorer import Scorer

        return Scorer
    raise AttributeError(f"module 'mmctr' has no attribute {name!r}")
