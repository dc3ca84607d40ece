"""What a study found, ready for JSON."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from mmctr.data.datasets.study import REFUSED, counts
from mmctr.experiments.common import cut_rows
from mmctr.experiments.tuning.plan import TuningPlan
from mmctr.experiments.tuning.space import read
from mmctr.experiments.tuning.trials import CODES, FACTS

FEWEST_FOR_IMPORTANCE = 5
"""Finished trials under which an importance would be made up."""


def report_trials(
    plan: dict[str, Any],
    find_study: Callable[[str], Any],
    train: pa.Table,
    valid: pa.Table,
) -> dict[str, Any]:
    """Lay out every trial, the best one and the importance of each parameter.

    Args:
        plan: From :func:`mmctr.pipelines.tuning.nodes.plan_tuning`.
        find_study: Gives a study of Optuna by its name.
        train: For the number of rows used.
        valid: The same.

    Returns:
        ``study``, ``objective``, ``sampler``, ``pruning``, ``n_trials``, ``budget``,
        ``rows``, ``space``, ``states`` (number of trials by state), ``best`` (with its
        ``overrides`` of ``quantization`` and ``ctr_modeling``), ``importance`` (by
        name, the largest first; None with too few finished trials) and ``trials``:
        ``number``, ``state`` (complete, pruned, refused, stopped or running),
        ``value`` (None if refused or stopped; a pruned trial's last one),
        ``parameters``, ``seconds``, ``validations``, ``codes``, ``reason``.

    Raises:
        ValueError: If no trial is complete.
    """
    planned = TuningPlan.model_validate(plan)
    params = planned.params
    study = find_study(planned.study)
    trials = [_entry(trial, planned) for trial in study.get_trials(deepcopy=False)]
    complete = [trial for trial in trials if trial["state"] == "complete"]
    if not complete:
        raise ValueError(
            "tuning: no trial is complete; run the pipeline as a whole (kedro run "
            "--pipeline tuning), it makes what is missing and no more"
        )
    best = max(complete, key=lambda trial: trial["value"])
    states = [trial["state"] for trial in trials]
    return {
        "study": planned.study,
        "objective": params.objective,
        "sampler": params.sampler,
        "pruning": params.pruning.model_dump(),
        "n_trials": params.n_trials if planned.points is None else len(planned.points),
        "budget": params.budget.model_dump(),
        "rows": {
            "train": cut_rows(train, params.budget, params.seed).num_rows,
            "valid": valid.num_rows,
        },
        "space": {
            name: each.model_dump(exclude_none=True, exclude_defaults=True)
            for name, each in params.chosen_space.items()
        },
        "states": {name: states.count(name) for name in dict.fromkeys(states)},
        "best": {**best, "overrides": planned.overrides(best["parameters"])},
        "importance": _importance(study, len(complete)),
        "trials": trials,
    }


def _entry(trial: Any, plan: TuningPlan) -> dict[str, Any]:
    facts = trial.user_attrs.get(FACTS, {})
    space = plan.params.chosen_space
    state = trial.state.name.lower()
    if state == "fail":
        state = "refused" if counts(trial) else "stopped"
    # The time of an attempt that came to an end, of its codes too.
    ended = state not in ("running", "stopped") and trial.duration is not None
    seconds = trial.duration.total_seconds() if ended else None
    value = trial.value if state in ("complete", "pruned") else None
    return {
        "number": trial.number,
        "state": state,
        "value": None if value is None or math.isnan(value) else value,
        "parameters": read(trial.params, space),
        "seconds": None if seconds is None else round(seconds, 3),
        "validations": facts.get("validations", []),
        "out_of_time": facts.get("out_of_time", False),
        "codes": trial.user_attrs.get(CODES),
        "reason": trial.user_attrs.get(REFUSED),
    }


def _importance(study: Any, n_complete: int) -> dict[str, float] | None:
    if n_complete < FEWEST_FOR_IMPORTANCE:
        return None
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    # fANOVA leaves out parameters that are there in some trials only. The best tenth,
    # Optuna's default, is a trial or two here.
    evaluator = PedAnovaImportanceEvaluator(target_quantile=0.25)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = get_param_importances(study, evaluator=evaluator)
    return {name: float(value) for name, value in found.items()}
