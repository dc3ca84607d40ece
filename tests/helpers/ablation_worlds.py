"""Parameters and rows for tests of the ablation."""

from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.content.quantizers.params import QuantizationParams
from mmctr.ctr.params import CtrParams
from mmctr.experiments.ablation.params import AblationParams

INPUTS: dict[str, Any] = {
    "train": "a",
    "valid": "b",
    "test": "c",
    "items": "d",
    "fields": [],
    "modalities": ["title"],
    "facts": {"kind": "clicks", "negative_keep": 1.0, "clock": True},
}


def ablation_params(**changes: Any) -> AblationParams:
    """Two arms that try two settings, three seeds."""
    settings: dict[str, Any] = {
        "arms": {"none": {"kind": "none"}, "coded": {"kind": "codes"}},
        "candidates": {
            "id": {"ctr_modeling": {"features": {"item_id": True}}},
            "no_id": {"ctr_modeling": {"features": {"item_id": False}}},
        },
        "budget": {"max_epochs": 2},
        "seeds": 3,
        "seed": 5,
        **changes,
    }
    return AblationParams.model_validate(settings)


def quantization_params(**changes: Any) -> QuantizationParams:
    """The defaults."""
    return QuantizationParams.model_validate({"seed": 5, **changes})


def ctr_params(**changes: Any) -> CtrParams:
    """The defaults."""
    sections = dict.fromkeys(("features", "model", "training"), {})
    settings = {**sections, "evaluation": {"seed": 5, "resamples": 200}, "seed": 5}
    return CtrParams.model_validate({**settings, **changes})


def rows(n_groups: int, *, start: int = 0, labelled: bool = True) -> pa.Table:
    """Groups of four rows, one of them clicked; a user has two groups."""
    groups = np.repeat(np.arange(start, start + n_groups), 4)
    labels = np.arange(4 * n_groups) % 4 == 0
    return pa.table(
        {
            "user_id": pa.array(groups // 2),
            "group_id": pa.array(groups),
            "item_id": pa.array(np.arange(4 * n_groups) % 7 + 1),
            "label": pa.array(
                labels.astype(int).tolist() if labelled else [None] * len(groups),
                pa.int8(),
            ),
        }
    )
