"""Each trial is run once, whatever stops a run and however many processes share it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState
from tuning_worlds import random_plan

from mmctr.data.datasets import StudyFile
from mmctr.experiments.tuning.search import Search


def slope(trial: optuna.Trial) -> float:
    """The value of one parameter."""
    return trial.suggest_float("x", 0.0, 1.0)


def search(
    objective: Any = slope, study: str = "a", points: Any = None, **params: Any
) -> Search:
    """Five trials at random, none of them pruned."""
    return Search(random_plan(study, points, **{"n_trials": 5, **params}), objective)


@pytest.fixture
def studies(tmp_path: Path) -> StudyFile:
    """A file that is not there yet."""
    return StudyFile(tmp_path / "below" / "study.db", 1)


def trials(studies: StudyFile, name: str = "a") -> list[optuna.trial.FrozenTrial]:
    return studies.open(name).get_trials()


def drawn(studies: StudyFile) -> list[float]:
    """What the trials that came to an end have tried."""
    done = (TrialState.COMPLETE, TrialState.PRUNED)
    return [trial.params["x"] for trial in trials(studies) if trial.state in done]


def test_a_search_is_saved_once_and_goes_on_with_more_trials(studies):
    search().run(studies)
    before = drawn(studies)
    assert len(set(before)) == 5
    search().run(studies)
    assert drawn(studies) == before
    search(n_trials=7).run(studies)
    assert len(drawn(studies)) == 7
    assert drawn(studies)[:5] == before


def test_studies_of_other_names_are_not_mixed_in(studies):
    search().run(studies)
    search(study="b", n_trials=2).run(studies)
    assert len(trials(studies)) == 5
    assert len(trials(studies, "b")) == 2


def stopping_at(number: int) -> Any:
    """An objective that Ctrl-C stops during one trial."""

    def objective(trial: optuna.Trial) -> float:
        value = slope(trial)
        if trial.number == number:
            raise KeyboardInterrupt
        return value

    return objective


def test_a_trial_that_was_stopped_does_not_count_and_is_drawn_again(studies, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        search(stopping_at(2)).run(studies)
    assert len(drawn(studies)) == 2
    search().run(studies)
    whole = StudyFile(tmp_path / "whole.db", 1)
    search().run(whole)
    assert drawn(studies) == drawn(whole)


def test_tpe_stopped_and_gone_on_tries_what_it_would_have_tried(studies, tmp_path):
    settings = {"n_trials": 8, "sampler": "tpe", "startup_trials": 3}
    with pytest.raises(KeyboardInterrupt):
        search(stopping_at(5), **settings).run(studies)
    search(**settings).run(studies)
    whole = StudyFile(tmp_path / "whole.db", 1)
    search(**settings).run(whole)
    assert drawn(studies) == drawn(whole)


def test_points_are_tried_once_each_in_order(studies):
    points = [{"x": value / 4} for value in range(4)]
    with pytest.raises(KeyboardInterrupt):
        search(stopping_at(1), points=points).run(studies)
    search(points=points, n_trials=1).run(studies)
    assert drawn(studies) == [0.0, 0.25, 0.5, 0.75]
    search(points=points).run(studies)
    assert drawn(studies) == [0.0, 0.25, 0.5, 0.75]


def refusing(trial: optuna.Trial) -> float:
    value = slope(trial)
    if trial.number % 2:
        raise ValueError(f"{value} makes no model")
    return value


def test_what_makes_no_model_is_refused_once_and_the_others_go_on(studies):
    points = [{"x": value / 4} for value in range(4)]
    for _ in range(2):
        search(refusing, points=points).run(studies)
        found = trials(studies)
        assert [trial.state.name for trial in found] == ["COMPLETE", "FAIL"] * 2
        assert found[1].user_attrs["refused"] == "0.25 makes no model"


def test_a_study_without_any_value_is_an_error_with_its_reason(studies):
    def objective(trial: optuna.Trial) -> float:
        raise ValueError("too wide")

    for _ in range(2):
        with pytest.raises(ValueError, match="none of 5 trials .*too wide. Change"):
            search(objective).run(studies)


def test_a_pruned_trial_counts(studies):
    def objective(trial: optuna.Trial) -> float:
        value = slope(trial)
        trial.report(value, 1)
        if trial.number == 1:
            raise optuna.TrialPruned
        return value

    search(objective).run(studies)
    states = [trial.state for trial in trials(studies)]
    assert states.count(TrialState.PRUNED) == 1
    assert len(states) == 5


WORKER = """
import sys, time
from pathlib import Path
import optuna
from mmctr.data.datasets import StudyFile
from mmctr.experiments.tuning.plan import TuningPlan
from mmctr.experiments.tuning.search import Search

def objective(trial):
    x = trial.suggest_float("x", 0.0, 1.0)
    time.sleep(0.05)
    return x

plan = TuningPlan.model_validate_json(sys.argv[2])
Search(plan, objective).run(StudyFile(Path(sys.argv[1]), 1))
"""


@pytest.mark.system
@pytest.mark.parametrize("kind", ["points", "drawn"])
def test_killed_then_two_at_a_time_make_each_trial_once(studies, kind):
    points = [{"x": value / 16} for value in range(16)]
    plan = random_plan("a", points if kind == "points" else None, n_trials=16)
    arguments = [str(studies.path), plan.model_dump_json()]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", WORKER, *arguments])

    running = start()
    try:
        while len(drawn(studies)) < 3 and running.poll() is None:
            time.sleep(0.02)
        assert running.poll() is None, "it ended before it could be killed"
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    before = drawn(studies)
    both = [start(), start()]
    assert [each.wait(timeout=60) for each in both] == [0, 0]
    after = drawn(studies)
    assert after[: len(before)] == before
    assert len(after) == len(set(after)) == 16
    stopped = [x for x in trials(studies) if x.state == TrialState.FAIL]
    assert len(stopped) <= 1
    assert not [x for x in trials(studies) if x.state == TrialState.RUNNING]
