"""CTR models: one file or folder each, chosen by name."""

import re
from pkgutil import resolve_name
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # parameters are checked without torch, which takes a second
    from mmctr.ctr.models.base import CtrModel

MODELS = {
    "din": "din.model:Din",
    "target_only": "target_only:TargetOnly",
    "mean_pool": "mean_pool:MeanPoolModel",
    "mhta": "mhta:Mhta",
    "stca": "stca:Stca",
    "transformer": "transformer:Transformer",
    "qin": "qin:Qin",
}
"""Where the class of each is, from here on."""

OUTSIDE = re.compile(r"\w+(\.\w+)*:\w+")
"""How a model from elsewhere is named."""


def model_class(name: str) -> "type[CtrModel]":
    """Import a model's class.

    Args:
        name: One of :data:`MODELS`, or ``package.module:Class``.

    Raises:
        ValueError: If there is no such class.
    """
    if name in MODELS:
        return resolve_name(f"{__name__}.{MODELS[name]}")
    try:
        return resolve_name(name)
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"ctr_modeling.model.name={name} can't be imported ({error}); expected "
            "package.module:Class, importable from where the run starts"
        ) from error
