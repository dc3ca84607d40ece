"""Trials that are run once, whatever stops a run and however many run at a time."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import optuna
import pytest
from kedro.io import DatasetError
from optuna.trial import TrialState

from mmctr.data.datasets import Search, StudyDataset


def slope(trial: optuna.Trial) -> float:
    """The value of one parameter."""
    return trial.suggest_float("x", 0.0, 1.0)


def search(objective: Any = slope, **changes: Any) -> Search:
    """Five trials at random, none of them pruned."""
    settings = {
        "study": "a",
        "n_trials": 5,
        "objective": objective,
        "sampler": lambda place: optuna.samplers.RandomSampler(seed=place),
        "pruner": optuna.pruners.NopPruner,
    }
    return Search(**{**settings, **changes})


@pytest.fixture
def dataset(tmp_path: Path) -> StudyDataset:
    """A file that is not there yet."""
    return StudyDataset(filepath=str(tmp_path / "below" / "study.db"))


def trials(dataset: StudyDataset, name: str = "a") -> list[optuna.trial.FrozenTrial]:
    return dataset.load()(name).get_trials()


def drawn(dataset: StudyDataset) -> list[float]:
    """What the trials that came to an end have tried."""
    done = (TrialState.COMPLETE, TrialState.PRUNED)
    return [trial.params["x"] for trial in trials(dataset) if trial.state in done]


def test_a_search_is_saved_once_and_goes_on_with_more_trials(dataset):
    dataset.save(search())
    before = drawn(dataset)
    assert len(set(before)) == 5
    dataset.save(search())
    assert drawn(dataset) == before
    dataset.save(search(n_trials=7))
    assert len(drawn(dataset)) == 7
    assert drawn(dataset)[:5] == before


def test_studies_of_other_names_are_not_mixed_in(dataset):
    dataset.save(search())
    dataset.save(search(study="b", n_trials=2))
    assert len(trials(dataset)) == 5
    assert len(trials(dataset, "b")) == 2
    with pytest.raises(DatasetError, match="no study 'c'"):
        dataset.load()("c")


def test_a_file_that_is_not_there_is_told(dataset):
    with pytest.raises(DatasetError, match="does not exist; run the pipeline"):
        dataset.load()


def stopping_at(number: int) -> Any:
    """An objective that Ctrl-C stops in the midst of one trial."""

    def objective(trial: optuna.Trial) -> float:
        value = slope(trial)
        if trial.number == number:
            raise KeyboardInterrupt
        return value

    return objective


def test_a_trial_that_was_stopped_does_not_count_and_is_drawn_again(dataset, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        dataset.save(search(stopping_at(2)))
    assert len(drawn(dataset)) == 2
    dataset.save(search())
    whole = StudyDataset(filepath=str(tmp_path / "whole.db"))
    whole.save(search())
    assert drawn(dataset) == drawn(whole)


def test_tpe_stopped_and_gone_on_tries_what_it_would_have_tried(dataset, tmp_path):
    def sampler(place: int) -> optuna.samplers.BaseSampler:
        return optuna.samplers.TPESampler(seed=place, n_startup_trials=3)

    settings = {"n_trials": 8, "sampler": sampler}
    with pytest.raises(KeyboardInterrupt):
        dataset.save(search(stopping_at(5), **settings))
    dataset.save(search(**settings))
    whole = StudyDataset(filepath=str(tmp_path / "whole.db"))
    whole.save(search(**settings))
    assert drawn(dataset) == drawn(whole)


def test_points_are_tried_once_each_in_order(dataset):
    points = [{"x": value / 4} for value in range(4)]
    with pytest.raises(KeyboardInterrupt):
        dataset.save(search(stopping_at(1), points=points))
    dataset.save(search(points=points, n_trials=1))
    assert drawn(dataset) == [0.0, 0.25, 0.5, 0.75]
    dataset.save(search(points=points))
    assert drawn(dataset) == [0.0, 0.25, 0.5, 0.75]


def refusing(trial: optuna.Trial) -> float:
    value = slope(trial)
    if trial.number % 2:
        raise ValueError(f"{value} makes no model")
    return value


def test_what_makes_no_model_is_refused_once_and_the_others_go_on(dataset):
    points = [{"x": value / 4} for value in range(4)]
    for _ in range(2):
        dataset.save(search(refusing, points=points))
        found = trials(dataset)
        assert [trial.state.name for trial in found] == ["COMPLETE", "FAIL"] * 2
        assert found[1].user_attrs["refused"] == "0.25 makes no model"


def test_a_study_without_any_value_is_an_error_with_its_reason(dataset):
    def objective(trial: optuna.Trial) -> float:
        raise ValueError("too wide")

    for _ in range(2):
        with pytest.raises(DatasetError, match="none of 5 trials .*too wide. Change"):
            dataset.save(search(objective))


def test_a_pruned_trial_counts(dataset):
    def objective(trial: optuna.Trial) -> float:
        value = slope(trial)
        trial.report(value, 1)
        if trial.number == 1:
            raise optuna.TrialPruned
        return value

    dataset.save(search(objective))
    states = [trial.state for trial in trials(dataset)]
    assert states.count(TrialState.PRUNED) == 1
    assert len(states) == 5


WORKER = """
import sys, time
import optuna
from mmctr.data.datasets import Search, StudyDataset

def objective(trial):
    x = trial.suggest_float("x", 0.0, 1.0)
    time.sleep(0.05)
    return x

points = [{"x": value / 16} for value in range(16)]
StudyDataset(filepath=sys.argv[1]).save(
    Search(
        study="a",
        n_trials=16,
        objective=objective,
        sampler=lambda place: optuna.samplers.RandomSampler(seed=place),
        pruner=optuna.pruners.NopPruner,
        points=points if sys.argv[2] == "points" else None,
    )
)
"""


@pytest.mark.parametrize("kind", ["points", "drawn"])
def test_killed_then_two_at_a_time_make_each_trial_once(dataset, kind):
    path = dataset._path

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", WORKER, str(path), kind])

    claims = path.with_name(f".{path.name}.claims.lock")
    running = start()
    try:
        before: list[float] = []
        while len(before) < 3 and running.poll() is None:
            time.sleep(0.02)
            with contextlib.suppress(DatasetError):  # there is nothing yet
                before = drawn(dataset)
        assert running.poll() is None, "it ended before it could be killed"
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    before = drawn(dataset)
    both = [start(), start()]
    assert [each.wait(timeout=60) for each in both] == [0, 0]
    after = drawn(dataset)
    assert after[: len(before)] == before
    assert len(after) == len(set(after)) == 16
    stopped = [x for x in trials(dataset) if x.state == TrialState.FAIL]
    assert len(stopped) <= 1
    assert not [x for x in trials(dataset) if x.state == TrialState.RUNNING]
    # Their locks are gone, that of the killed one too.
    assert list(path.parent.glob(".*.lock")) == [claims]
