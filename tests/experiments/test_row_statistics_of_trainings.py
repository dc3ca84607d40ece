"""Arms and trials of one experiment may have different row statistics."""

from typing import Any

import numpy as np
import optuna
import pyarrow as pa
import pytest
from ablation_worlds import INPUTS, ablation_params, quantization_params
from worlds import N_ITEMS, rows_table, with_statistics
from worlds import ctr_params as small_params

from mmctr.data.datasets import ResultStore
from mmctr.experiments.ablation.inputs import Parts
from mmctr.experiments.ablation.plan import make_plan
from mmctr.experiments.ablation.runs import RunTrainer
from mmctr.experiments.training import Items, facts_of
from mmctr.experiments.tuning.params import TuningParams
from mmctr.experiments.tuning.plan import make_plan as make_tuning_plan
from mmctr.experiments.tuning.trials import FACTS, TrialTrainer
from mmctr.experiments.varied_params import VariedParams

STATISTICS = "ctr_modeling.features.statistics"


@pytest.fixture(scope="module")
def items() -> Items:
    """Without tags and vectors."""
    table = pa.table({"item_id": np.arange(1, N_ITEMS + 1), "title": [""] * N_ITEMS})
    return Items(table, {"title": np.zeros((N_ITEMS + 1, 0))})


@pytest.fixture(scope="module")
def parts() -> Parts:
    """With three statistics."""
    rng = np.random.default_rng(0)
    counts = (400, 120, 80)
    return Parts(*(with_statistics(rng, rows_table(rng, count)) for count in counts))


@pytest.fixture(scope="module")
def base() -> VariedParams:
    """A model of item ids, for a few steps."""
    ctr = small_params(
        features={"content": "none"},
        training={"batch_size": 64, "learning_rate": 0.01},
    )
    return VariedParams(quantization=quantization_params(), ctr_modeling=ctr)


def test_arms_of_an_ablation(items, parts, base, tmp_path):
    """Each gets its own, from one reading of the rows."""
    kinds = {"none": [], "popular": ["popularity"], "all": ["popularity", "lexical"]}
    arms: dict[str, Any] = {
        name: {"kind": "none", "ctr_modeling": {"features": {"statistics": each}}}
        for name, each in kinds.items()
    }
    params = ablation_params(arms=arms, candidates={"one": {}}, seeds=1)
    plan = make_plan(params, base, INPUTS)
    keys = {arm.candidates["one"].key for arm in plan.arms.values()}
    assert len(keys) == 3
    store = ResultStore(tmp_path, "mmctr.data.datasets.ArrowDataset", ".parquet")
    trainer = RunTrainer(plan, store, items, parts)
    weights = {}
    for run in plan.runs(dict.fromkeys(kinds, "one")):
        table = trainer.train(run)
        assert table.num_rows == parts.test.num_rows
        weights[run.arm] = facts_of(table)["weights"]
    # One statistic may be missing; the first layer has 9 units.
    assert weights["popular"] - weights["none"] == 9 * 2 * 2
    assert weights["all"] - weights["none"] == 9 * (2 * 3 + 1)


def test_trials_of_a_study(items, parts, base, tmp_path):
    space = {STATISTICS: {"choices": [["lexical"], ["lexical", "popularity"]]}}
    params = TuningParams.model_validate(
        {"space": space, "budget": {"max_epochs": 1}, "objective": "auc", "seed": 5}
    )
    plan = make_tuning_plan(params, base, INPUTS)
    store = ResultStore(tmp_path, "mmctr.data.datasets.ArrowDataset", ".parquet")
    trainer = TrialTrainer(plan, store, items, parts.train, parts.valid)
    weights = []
    for label in params.chosen_space[STATISTICS].labels:
        trial = optuna.trial.FixedTrial({STATISTICS: label})
        assert 0 <= trainer(trial) <= 1
        weights.append(trial.user_attrs[FACTS]["weights"])
    assert weights[1] - weights[0] == 9 * 2 * 2
