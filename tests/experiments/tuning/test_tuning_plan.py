"""What a study consists of, and when it is another one."""

from itertools import product
from typing import Any

import optuna
import pytest
import yaml
from tuning_worlds import (
    ENTRY,
    METHOD,
    SPACE,
    ctr_params,
    planned,
    quantization_params,
    tuning_params,
)

from mmctr.experiments.tuning.algorithms import make_pruner, make_sampler
from mmctr.experiments.tuning.best import best_config
from mmctr.experiments.tuning.space import (
    decode_point,
    grid_points,
    is_active,
    suggest,
)


def test_a_grid_is_every_model_once():
    points = planned(tuning_params(sampler="grid")).points
    expected = [
        {METHOD: "pq", ENTRY: "bag", "quantization.pq.positions": x} for x in (4, 8)
    ]
    levels = "quantization.rq_kmeans.levels"
    residual = [{METHOD: "rq_kmeans", levels: x} for x in (2, 4, 6)]
    expected += [{**point, ENTRY: "bag"} for point in residual]
    # Codes of pq have no prefixes: such points are left out.
    expected += [
        {**point, ENTRY: "prefix", "ctr_modeling.model.prefix.levels": x}
        for point, x in product(residual, (2, 3))
    ]
    found = sorted(map(str, (sorted(point.items()) for point in points)))
    assert found == sorted(map(str, (sorted(x.items()) for x in expected)))


def test_a_grid_without_any_model_is_refused():
    space = {METHOD: {"choices": ["pq"]}, ENTRY: {"choices": ["prefix"]}}
    with pytest.raises(ValueError, match="no point of the grid.*refine each other"):
        planned(tuning_params(space=space, sampler="grid"))


def test_settings_are_active_where_they_have_an_effect():
    base = planned().sections

    def active(name: str, **chosen: Any) -> bool:
        names = {
            "content": "ctr_modeling.features.content",
            "item_id": "ctr_modeling.features.item_id",
            "method": METHOD,
            "entry": ENTRY,
        }
        return is_active(name, {names[k]: v for k, v in chosen.items()}, base)

    assert active("quantization.rq_kmeans.levels", method="rq_kmeans")
    assert not active("quantization.rq_kmeans.levels", method="pq")
    assert not active(METHOD, content="continuous")
    assert active(ENTRY, content="codes+continuous")
    assert not active(ENTRY, content="similarity")
    assert active("ctr_modeling.model.concat.width", entry="concat")
    assert not active("ctr_modeling.model.concat.width", entry="bag")
    assert active("ctr_modeling.model.continuous.components", content="continuous")
    assert not active("ctr_modeling.model.continuous.components", content="codes")
    assert not active("ctr_modeling.model.item_id_dropout", item_id=False)
    assert not active("ctr_modeling.features.item_id_min_rows", item_id=False)
    assert active("ctr_modeling.features.item_id_min_rows", item_id=True)
    assert active("ctr_modeling.training.learning_rate", content="none")


def test_a_trial_draws_what_its_method_needs_and_no_more():
    space = tuning_params().chosen_space
    base = planned().sections
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    drawn = [suggest(study.ask(), space, base) for _ in range(30)]
    grid = [decode_point(point, space) for point in grid_points(space, base)]
    assert all(values in grid for values in drawn)
    assert {values[METHOD] for values in drawn} == {"pq", "rq_kmeans"}


def test_values_become_the_parameters_of_a_model():
    units = "ctr_modeling.model.dnn_units"
    params = tuning_params(space={units: {"choices": [[8], [8, 4]]}}, objective="auc")
    values = decode_point({units: "[8, 4]"}, params.chosen_space)
    ctr = planned(params).resolve(values).ctr_modeling
    assert ctr.model.dnn_units == [8, 4]
    assert (ctr.training.monitor, ctr.training.max_epochs) == ("auc", 2)
    nested = params.overrides({"a.b": 1, "a.c": 2, "d": 3})
    del nested["ctr_modeling"]
    assert nested == {"a": {"b": 1, "c": 2}, "d": 3}


def test_items_without_any_feature_are_refused():
    content = "ctr_modeling.features.content"
    plan = planned(
        tuning_params(space={content: {"choices": ["none", "codes"]}}),
        ctr=ctr_params(features={"item_id": False}),
    )
    assert plan.resolve({content: "codes"})
    with pytest.raises(ValueError, match="without any feature"):
        plan.resolve({content: "none"})


def test_what_changes_a_trial_makes_another_study():
    base = planned().study
    assert base == planned().study
    changed = [
        planned(tuning_params(space={METHOD: {"choices": ["pq"]}})),
        planned(tuning_params(budget={"max_epochs": 3})),
        planned(tuning_params(objective="auc")),
        planned(tuning_params(sampler="random")),
        planned(tuning_params(pruning={"method": "hyperband"})),
        planned(tuning_params(seed=6)),
        planned(ctr=ctr_params(seed=6)),
        planned(ctr=ctr_params(model={"embedding_dim": 8})),
        planned(quantization=quantization_params(method="pq")),
        planned(train="other"),
        planned(items="other"),
    ]
    assert len({base, *(plan.study for plan in changed)}) == len(changed) + 1


def test_what_changes_no_trial_goes_on_with_the_study():
    reordered = dict(reversed(SPACE.items()))
    same = [
        planned(tuning_params(n_trials=99)),
        planned(
            tuning_params(space={**reordered, "quantization.method": SPACE[METHOD]})
        ),
        planned(ctr=ctr_params(progress=True, evaluation={"seed": 5, "resamples": 9})),
        planned(quantization=quantization_params(device="cpu")),
    ]
    assert {plan.study for plan in same} == {planned().study}


def test_the_points_of_a_grid_do_not_depend_on_the_order_of_its_names():
    reordered = dict(reversed(SPACE.items()))
    grids = [
        planned(tuning_params(space=space, sampler="grid"))
        for space in (SPACE, reordered)
    ]
    assert grids[0].points == grids[1].points
    assert [list(x) for x in grids[0].points] == [list(x) for x in grids[1].points]


def test_samplers_are_seeded_by_trial():
    def draw(place: int, seed: int = 5) -> float:
        sampler = make_sampler(tuning_params(seed=seed), place)
        study = optuna.create_study(sampler=sampler)
        return study.ask().suggest_float("x", 0, 1)

    assert draw(0) == draw(0)
    assert len({draw(0), draw(1), draw(2), draw(0, seed=6)}) == 4


@pytest.mark.parametrize(
    ("pruning", "pruned"),
    [
        ({"method": "median", "startup_trials": 1, "warmup_validations": 0}, [1]),
        ({"method": "median", "startup_trials": 1, "warmup_validations": 1}, [2]),
        ({"method": "median", "startup_trials": 2}, []),
        ({"method": "none"}, []),
    ],
)
def test_a_worse_trial_is_pruned_after_the_warm_up(pruning, pruned):
    pruner = make_pruner(tuning_params(pruning=pruning))
    study = optuna.create_study(direction="maximize", pruner=pruner)
    first = study.ask()
    for validation in (1, 2, 3):
        first.report(0.9, validation)
    study.tell(first, 0.9)
    worse = study.ask()
    found = []
    for validation in (1, 2, 3):
        worse.report(0.1, validation)
        if worse.should_prune():
            found.append(validation)
            break
    assert found == pruned


def test_the_best_trial_becomes_options_of_kedro_run():
    plan = planned()
    tuning = {
        "study": plan.study,
        "objective": "gauc",
        "sampler": "tpe",
        "space": SPACE,
        "trials": [{}, {}],
        "budget": plan.params.budget.model_dump(),
        "rows": {"train": 10, "valid": 5},
        "best": {
            "number": 1,
            "value": 0.5,
            "out_of_time": False,
            "overrides": plan.params.overrides({METHOD: "pq"}),
        },
    }
    given = {
        "dataset": "007",
        "quantization": {"method": "rq_kmeans", "pq": {"iterations": 3}},
        "tuning": {"n_trials": 2},
    }
    text = best_config(tuning, "interactions", given)
    (options,) = yaml.safe_load(text).values()
    assert options["env"] == "interactions"
    assert options["params"] == {
        "dataset": "007",
        "quantization": {"method": "pq", "pq": {"iterations": 3}},
        "ctr_modeling": {
            "training": {
                "max_epochs": 2,
                "validations_per_epoch": 4,
                "patience": 6,
                "lr_patience": 2,
                "monitor": "gauc",
            }
        },
    }
    assert "has the same value" in text
    assert "env" not in yaml.safe_load(best_config(tuning, None, {}))["run"]
    tuning["budget"]["train_rows"] = 8
    assert "expect another value" in best_config(tuning, None, {})
