"""Parameters and plans for tests of tuning."""

from typing import Any

import numpy as np
import pyarrow as pa
from worlds import N_ITEMS, rows_table
from worlds import ctr_params as small_params

from mmctr.content.quantizers.params import QuantizationParams
from mmctr.ctr.params import CtrParams
from mmctr.data.datasets import LoadedResults
from mmctr.experiments.training import Items
from mmctr.experiments.tuning.params import TuningParams
from mmctr.experiments.tuning.plan import TuningPlan, make_plan
from mmctr.experiments.tuning.trials import FACTS, TrialTrainer
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
RATE = "ctr_modeling.training.learning_rate"
UNITS = "ctr_modeling.model.dnn_units"
SPACE: dict[str, Any] = {
    # Before what it depends on: the order in conf is free.
    "quantization.rq_kmeans.levels": {"int": {"low": 2, "high": 6, "step": 2}},
    "quantization.pq.positions": {"choices": [4, 8]},
    METHOD: {"choices": ["pq", "rq_kmeans"]},
    ENTRY: {"choices": ["bag", "prefix"]},
    "ctr_modeling.model.prefix.levels": {"choices": [2, 3]},
}
NO_PRUNING = {"pruning": {"method": "none"}}
STUDIES: dict[str, Any] = {
    "random": {
        "sampler": "random",
        "n_trials": 4,
        "space": {
            RATE: {"float": {"low": 1e-4, "high": 0.1, "log": True}},
            UNITS: {"choices": [[4], [8, 4]]},
        },
        **NO_PRUNING,
    },
    "grid": {
        "sampler": "grid",
        "space": {RATE: {"choices": [0.001, 0.01]}, UNITS: {"choices": [[4], [8, 4]]}},
        **NO_PRUNING,
    },
}
"""For models of :func:`small_trainer`."""


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


def small_trainer(*, codes: bool = False, **params: Any) -> TrialTrainer:
    """Of a model of item ids, or of codes, on few rows: trials take half a second."""
    rng = np.random.default_rng(0)
    train, valid = (rows_table(rng, count) for count in (400, 120))
    table = pa.table({"item_id": np.arange(1, N_ITEMS + 1), "title": [""] * N_ITEMS})
    vectors = rng.normal(size=(N_ITEMS + 1, 4 if codes else 0)).astype(np.float32)
    vectors[0] = 0
    ctr = small_params(
        features={"content": "codes" if codes else "none"},
        training={"batch_size": 64, "learning_rate": 0.01},
    )
    quantization = quantization_params(method="pq", pq={"positions": 2})
    settings = {"objective": "auc", "budget": {"max_epochs": 1}, **params}
    plan = planned(tuning_params(**settings), quantization, ctr)
    items = Items(table, {"title": vectors})
    return TrialTrainer(plan, LoadedResults({}), items, train, valid)


def trials_of(study: Any) -> list[dict[str, Any]]:
    """All that a study has of its trials, but times."""
    found = []
    for trial in study.get_trials():
        facts = trial.user_attrs.get(FACTS, {})
        for each in [facts, facts.get("kept", {}), *facts.get("validations", [])]:
            each.pop("seconds", None)
        attributes = {k: x for k, x in trial.user_attrs.items() if k != "checksum"}
        found.append(
            {
                "number": trial.number,
                "state": trial.state.name,
                "value": trial.value,
                "parameters": trial.params,
                "validations": trial.intermediate_values,
                "attributes": attributes,
                "system": trial.system_attrs,
            }
        )
    return found
