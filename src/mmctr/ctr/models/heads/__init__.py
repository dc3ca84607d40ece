"""From the inputs of a row to its logit; one head a file."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # parameters are checked without torch, which takes a second
    from mmctr.ctr.model_params import ModelParams
    from mmctr.ctr.models.base import Head

OWN_HEAD = "own"
"""Stands for the head that a model was published with."""

HEADS = {"mlp": "MlpHead", "dcn_v2": "DcnHead", "quadratic": "QuadraticHead"}
"""Class by name; the name is also that of its file here."""


def make_head(
    name: str, width: int, params: "ModelParams", *, seed: int, first_layer: int
) -> "Head":
    """Build a head.

    Args:
        name: One of :data:`HEADS`.
        width: Columns of its inputs.
        params: Sizes.
        seed: Seed of the dropout.
        first_layer: Number of its first dropout layer in the model.
    """
    file = import_module(f"{__name__}.{name}")
    return getattr(file, HEADS[name])(width, params, seed=seed, first_layer=first_layer)
