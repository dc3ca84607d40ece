"""CTR models: one file or folder each, chosen by name."""

from pkgutil import resolve_name
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # parameters are checked without torch, which takes a second
    from mmctr.ctr.models.base import CtrModel

MODELS = {"din": "din.model:Din"}
"""Where the class of each is, from here on."""


def model_class(name: str) -> "type[CtrModel]":
    """Import a model's class.

    Args:
        name: One of :data:`MODELS`.
    """
    return resolve_name(f"{__name__}.{MODELS[name]}")
