"""CTR models: one file or folder each, chosen by name."""

from typing import TYPE_CHECKING

from mmctr.runtime.extensions import ExtensionPoint

if TYPE_CHECKING:  # parameters are checked without torch, which takes a second
    from mmctr.ctr.models.base import CtrModel

MODELS = {
    "din": f"{__name__}.din.model:Din",
    "target_only": f"{__name__}.target_only:TargetOnly",
    "mean_pool": f"{__name__}.mean_pool:MeanPoolModel",
    "mhta": f"{__name__}.mhta:Mhta",
    "stca": f"{__name__}.stca:Stca",
    "transformer": f"{__name__}.transformer:Transformer",
    "qin": f"{__name__}.qin:Qin",
}
"""Where the class of each is."""

MODEL = ExtensionPoint("ctr_modeling.model.name", "mmctr.models", MODELS)


def model_class(name: str) -> "type[CtrModel]":
    """Import a model's class.

    Args:
        name: One of :data:`MODELS`, of an entry point of the group ``mmctr.models``, or
            ``package.module:Class``.

    Raises:
        ValueError: If there is no such class.
    """
    return MODEL.load(name)
