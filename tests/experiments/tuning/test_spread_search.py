"""Trials run several at once, the study here: as if they were run one by one."""

import sqlite3
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState
from tuning_worlds import NO_PRUNING, RATE, STUDIES, small_trainer, trials_of

from mmctr.data.datasets import ResultStore, StudyFile
from mmctr.experiments.tuning.search import Search
from mmctr.experiments.tuning.spread_search import SpreadSearch

Calls = Generator[tuple[str, Any], None, None]


def at_once(
    count: int, function: Callable[[Any], Any], arguments: Iterable[tuple[str, Any]]
) -> Calls:
    """Begin so many before the first of them ends; the last one ends first."""
    begun = []
    for name, argument in arguments:
        begun.append((name, deepcopy(argument)))
        if len(begun) == count:
            last, own = begun.pop()
            yield last, function(own)
    yield from ((name, function(own)) for name, own in begun)


def spread(trainer: Any, folder: Path, count: int = 2, calls: Any = None) -> Any:
    """Run the study of a trainer, its codes and its file in a folder."""
    codes = ResultStore(
        folder / "codes", "mmctr.data.datasets.ArrowDataset", ".parquet"
    )
    run = calls or partial(at_once, count)
    return SpreadSearch(trainer, codes, run, count).run(
        StudyFile(folder / "study.db", 1)
    )


def alone(trainer: Any, folder: Path) -> Any:
    return Search(trainer.plan, trainer).run(StudyFile(folder / "study.db", 1))


@pytest.mark.parametrize("kind", STUDIES)
def test_a_study_without_pruning_is_that_of_one_by_one(kind, tmp_path):
    found = spread(small_trainer(**STUDIES[kind]), tmp_path / "spread", 3)
    expected = trials_of(alone(small_trainer(**STUDIES[kind]), tmp_path / "alone"))
    assert trials_of(found) == expected
    assert len(expected) > 3
    assert len({trial["value"] for trial in expected}) > 1


@pytest.mark.parametrize("method", ["median", "hyperband"])
def test_one_at_a_time_prunes_what_one_by_one_prunes(method, tmp_path):
    params = {
        "sampler": "random",
        "n_trials": 5,
        "space": {RATE: {"choices": [0.1, 1e-9, 1e-8, 1e-7]}},
        "pruning": {"method": method, "startup_trials": 1, "warmup_validations": 0},
        "budget": {"max_epochs": 2},
    }
    found = trials_of(spread(small_trainer(**params), tmp_path / "spread", 1))
    assert found == trials_of(alone(small_trainer(**params), tmp_path / "alone"))
    assert "PRUNED" in {trial["state"] for trial in found}


def test_trials_are_judged_by_those_that_had_ended_when_they_began(tmp_path):
    params = {
        "sampler": "grid",
        "space": {RATE: {"choices": [0.1, 1e-9]}},
        "pruning": {"method": "median", "startup_trials": 1, "warmup_validations": 0},
    }
    together = spread(small_trainer(**params), tmp_path / "two", 2)
    assert [x.state.name for x in together.trials] == ["COMPLETE"] * 2


def interrupted(after: int) -> Any:
    """Two at a time; Ctrl-C comes when so many have ended."""

    def calls(function: Any, arguments: Any) -> Calls:
        for number, call in enumerate(at_once(2, function, arguments)):
            if number == after:
                raise KeyboardInterrupt
            yield call

    return calls


def test_what_was_under_way_at_ctrl_c_is_drawn_again(tmp_path):
    trainer = small_trainer(**STUDIES["random"])
    with pytest.raises(KeyboardInterrupt):
        spread(trainer, tmp_path, calls=interrupted(1))
    study = StudyFile(tmp_path / "study.db", 1).open(trainer.plan.study)
    assert sorted(x.state.name for x in study.trials) == ["COMPLETE", "FAIL", "FAIL"]
    found = spread(trainer, tmp_path).trials
    done = {x.value: x.params for x in found if x.state.name == "COMPLETE"}
    whole = alone(small_trainer(**STUDIES["random"]), tmp_path / "alone").trials
    assert done == {x.value: x.params for x in whole}


def test_trials_under_way_are_alive_though_the_machine_slept(tmp_path):
    long_ago = "UPDATE trial_heartbeats SET heartbeat = '2000-01-01 00:00:00.000000'"

    def sleepy(arguments: Any) -> Any:
        for argument in arguments:
            yield argument
            with closing(sqlite3.connect(tmp_path / "study.db")) as file, file:
                file.execute(long_ago)

    def calls(function: Any, arguments: Any) -> Calls:
        return at_once(2, function, sleepy(arguments))

    trainer = small_trainer(**STUDIES["random"])
    found = trials_of(spread(trainer, tmp_path, calls=calls))
    assert [trial["state"] for trial in found] == ["COMPLETE"] * 4


@pytest.mark.parametrize("place", [0, 3])
def test_what_another_run_took_for_dead_is_tried_again(place, tmp_path, caplog):
    trainer = small_trainer(**STUDIES["random"])

    def calls(function: Any, arguments: Any) -> Calls:
        for name, drawn in arguments:
            ended = function(deepcopy(drawn))
            if drawn.number == place:
                other = StudyFile(tmp_path / "study.db", 1).open(trainer.plan.study)
                other.tell(place, state=TrialState.FAIL)
            yield name, ended

    found = spread(trainer, tmp_path, calls=calls).trials
    assert f"trial {place}: another run took it for dead" in caplog.text
    done = [x for x in found if x.state.name == "COMPLETE"]
    whole = alone(small_trainer(**STUDIES["random"]), tmp_path / "alone").trials
    assert sorted(x.value for x in done) == sorted(x.value for x in whole)


def test_a_finished_study_needs_no_workers(tmp_path):
    def no_calls(*_: Any) -> Calls:
        raise AssertionError

    trainer = small_trainer(**STUDIES["grid"])
    spread(trainer, tmp_path)
    assert len(spread(trainer, tmp_path, calls=no_calls).trials) == 4


def test_what_makes_no_model_is_refused_and_the_others_go_on(tmp_path):
    params = {
        **STUDIES["random"],
        "n_trials": 6,
        "space": {"ctr_modeling.features.item_id": {"choices": [True, False]}},
    }
    found = trials_of(spread(small_trainer(**params), tmp_path / "spread"))
    assert found == trials_of(alone(small_trainer(**params), tmp_path / "alone"))
    assert {trial["state"] for trial in found} == {"COMPLETE", "FAIL"}


def test_codes_that_a_worker_makes_are_kept_for_later_trials(tmp_path):
    params = {
        "sampler": "grid",
        "space": {
            "quantization.pq.codebook_size": {"choices": [2, 4]},
            RATE: {"choices": [0.001, 0.01]},
        },
        **NO_PRUNING,
    }
    found = trials_of(spread(small_trainer(codes=True, **params), tmp_path / "spread"))
    names = {trial["attributes"]["codes"] for trial in found}
    kept = {x.stem for x in (tmp_path / "spread/codes").rglob("*.parquet")}
    assert len(names) == 2
    assert {name.rpartition("/")[2] for name in names} == kept
    assert found == trials_of(
        alone(small_trainer(codes=True, **params), tmp_path / "one")
    )
