"""What is said of a study's trials, whatever became of them."""

import json
from typing import Any

import optuna
import pytest
from tuning_worlds import METHOD, planned, tuning_params

from mmctr.experiments.tuning.report import report_trials
from mmctr.experiments.tuning.space import suggest
from mmctr.reporting.tuning_figures import draw_history, draw_importance
from mmctr.reporting.tuning_page import write_page

RATE = "ctr_modeling.training.learning_rate"
PARAMS = tuning_params(
    space={
        METHOD: {"choices": ["pq", "rq_kmeans"]},
        RATE: {"float": {"low": 0.001, "high": 0.1, "log": True}},
    }
)


def facts(*values: float, out_of_time: bool = False) -> dict[str, Any]:
    validations = [
        {"step": step, "gauc": value, "auc": 0.5} for step, value in enumerate(values)
    ]
    return {"validations": validations, "out_of_time": out_of_time}


def study(n_complete: int) -> optuna.Study:
    """Trials whose value is their learning rate, and one of each other state."""
    made = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.RandomSampler(seed=3)
    )
    base = planned(PARAMS).sections

    def ask() -> tuple[optuna.Trial, float]:
        trial = made.ask()
        return trial, suggest(trial, PARAMS.chosen_space, base)[RATE]

    for number in range(n_complete):
        trial, value = ask()
        trial.set_user_attr("facts", facts(0.0, value, out_of_time=number == 0))
        trial.set_user_attr("codes", f"codes-{number}")
        made.tell(trial, value)
    trial, _ = ask()
    trial.report(0.25, 1)
    trial.set_user_attr("facts", facts(0.25))
    made.tell(trial, state=optuna.trial.TrialState.PRUNED)
    trial, _ = ask()
    trial.set_user_attr("refused", "it collapsed")
    made.tell(trial, state=optuna.trial.TrialState.FAIL)
    made.tell(ask()[0], state=optuna.trial.TrialState.FAIL)
    ask()
    return made


def report(n_complete: int) -> dict[str, Any]:
    return report_trials(planned(PARAMS), study(n_complete), 4, 4)


def test_every_trial_is_reported_with_its_state():
    found = report(6)
    assert json.loads(json.dumps(found)) == found
    assert found["states"] == {
        "complete": 6,
        "pruned": 1,
        "refused": 1,
        "stopped": 1,
        "running": 1,
    }
    pruned, refused, stopped, running = found["trials"][6:]
    assert pruned["value"] == 0.25
    assert refused["reason"] == "it collapsed"
    assert [x["value"] for x in (refused, stopped, running)] == [None] * 3
    assert [x["seconds"] for x in (stopped, running)] == [None] * 2
    values = [trial["value"] for trial in found["trials"][:6]]
    best = found["best"]
    assert best["value"] == max(values) == best["parameters"][RATE]
    training = best["overrides"]["ctr_modeling"]["training"]
    assert training["learning_rate"] == best["value"]
    assert training["max_epochs"] == PARAMS.budget.max_epochs
    assert max(found["importance"], key=found["importance"].__getitem__) == RATE
    assert sum(found["importance"].values()) == pytest.approx(1)


def test_few_trials_have_no_importance():
    assert report(4)["importance"] is None


def test_the_page_tells_what_to_beware_of():
    page = write_page(report(6))
    for text in ("6 complete, 1 pruned", "it collapsed", "luck"):
        assert text in page
    assert "Stopped early by tuning.budget.minutes: trials 0." in page
    assert "more tuning.budget.max_epochs might help" in page
    assert "Too few complete trials" in write_page(report(4))


@pytest.mark.parametrize("n_complete", [1, 6])
def test_figures_show_what_there_is(n_complete):
    found = report(n_complete)
    (axes,) = draw_history(found).axes
    labels = [line.get_label() for line in axes.lines]
    assert labels == [
        "pruned, at its last validation (1)",
        f"complete ({n_complete})",
        "best so far",
        "refused or stopped (2)",
    ]
    best = list(axes.lines[2].get_ydata())
    assert best == sorted(best)
    assert best[-1] == found["best"]["value"]
    (axes,) = draw_importance(found).axes
    assert len(axes.patches) == len(found["importance"] or [])
