"""Parameters and plans for tests of tuning."""

from typing import Any

from mmctr.content.quantizers.params import QuantizationParams
from mmctr.ctr.params import CtrParams
from mmctr.experiments.tuning.params import TuningParams
from mmctr.experiments.tuning.plan import TuningPlan, make_plan
from mmctr.experiments.varied_params import VariedParams

INPUTS: dict[str, Any] = {
    "train": "a",
    "valid": "b",
    "items": "d",
    "fields": [],
    "modalities": ["title"],
    "facts": {"kind": "clicks", "negative_keep": 1.0, "clock": True},
}
METHOD = "quantization.method"
ENTRY = "ctr_modeling.model.code_entry"
SPACE: dict[str, Any] = {
    # Before what it depends on: the order in conf is free.
    "quantization.rq_kmeans.levels": {"int": {"low": 2, "high": 6, "step": 2}},
    "quantization.pq.positions": {"choices": [4, 8]},
    METHOD: {"choices": ["pq", "rq_kmeans"]},
    ENTRY: {"choices": ["bag", "prefix"]},
    "ctr_modeling.model.prefix.levels": {"choices": [2, 3]},
}


def tuning_params(**changes: Any) -> TuningParams:
    """The space above, two epochs."""
    settings = {"space": SPACE, "budget": {"max_epochs": 2}, "seed": 5, **changes}
    return TuningParams.model_validate(settings)


def quantization_params(**changes: Any) -> QuantizationParams:
    """The defaults."""
    return QuantizationParams.model_validate({"seed": 5, **changes})


def ctr_params(**changes: Any) -> CtrParams:
    """The defaults."""
    parts = dict.fromkeys(("features", "model", "training"), {})
    settings = {**parts, "evaluation": {"seed": 5}, "seed": 5, **changes}
    return CtrParams.model_validate(settings)


def planned(params=None, quantization=None, ctr=None, **inputs: Any) -> TuningPlan:
    """A study of these data."""
    return make_plan(
        params or tuning_params(),
        VariedParams(
            quantization=quantization or quantization_params(),
            ctr_modeling=ctr or ctr_params(),
        ),
        {**INPUTS, **inputs},
    )


def random_plan(study: str, points: Any = None, **params: Any) -> TuningPlan:
    """A study of a given name: trials at random, or points; none of them pruned."""
    settings = {"sampler": "random", "pruning": {"method": "none"}, **params}
    changes = {"study": study, "points": points}
    return planned(tuning_params(**settings)).model_copy(update=changes)
