"""Multimodal click-through-rate models as one Kedro project."""

from pkgutil import resolve_name
from typing import Any

__version__ = "0.1.0"

_OFFERED = {
    "Scorer": "mmctr.serving.scorer:Scorer",
    "check_model": "mmctr.ctr.models.check:check_model",
    "check_metric": "mmctr.evaluation.check_own:check_metric",
    "check_baseline": "mmctr.evaluation.check_own:check_baseline",
    "check_quantizer": "mmctr.content.quantizers.check_quantizer:check_quantizer",
    "check_embedder": "mmctr.content.embedders.check_embedder:check_embedder",
}
"""What is imported from its module when it is asked for: every room imports this."""


def __getattr__(name: str) -> Any:
    """Give what the package offers."""
    if name in _OFFERED:
        return resolve_name(_OFFERED[name])
    raise AttributeError(f"module 'mmctr' has no attribute {name!r}")
