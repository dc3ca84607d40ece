"""The trials of a study, ready for JSON."""

import math
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any

from mmctr.experiments.tuning.plan import TuningPlan
from mmctr.experiments.tuning.space import decode_point
from mmctr.experiments.tuning.study import REFUSED, counts
from mmctr.experiments.tuning.trials import CODES, FACTS
from mmctr.runtime.code_commit import warn_if_commits_differ

if TYPE_CHECKING:  # listing pipelines needs no Optuna
    from optuna import Study
    from optuna.trial import FrozenTrial

FEWEST_FOR_IMPORTANCE = 5
"""With fewer finished trials an importance would be noise."""


def report_trials(
    plan: TuningPlan, study: "Study", n_train: int, n_valid: int
) -> dict[str, Any]:
    """Lay out every trial, the best one and the importance of each parameter.

    Args:
        plan: Of the study.
        study: Its trials, one of them complete.
        n_train: Rows that each trial is trained on.
        n_valid: Rows that judge it.

    Returns:
        ``study``, ``objective``, ``sampler``, ``pruning``, ``n_trials``, ``budget``,
        ``rows``, ``space``, ``states`` (number of trials by state), ``best`` (with its
        ``overrides`` of ``quantization`` and ``ctr_modeling``), ``importance`` (by
        name, the largest first; None with too few finished trials) and ``trials``:
        ``number``, ``state`` (complete, pruned, refused, stopped or running),
        ``value`` (None if refused or stopped; a pruned trial's last one),
        ``parameters``, ``seconds``, ``validations``, ``commit``, ``codes``, ``reason``.
    """
    params = plan.params
    trials = [_entry(trial, plan) for trial in study.get_trials(deepcopy=False)]
    complete = [trial for trial in trials if trial["state"] == "complete"]
    warn_if_commits_differ(
        (trial["commit"] for trial in trials), f"trials of study {plan.study}"
    )
    best = max(complete, key=lambda trial: trial["value"])
    return {
        "study": plan.study,
        "objective": params.objective,
        "sampler": params.sampler,
        "pruning": params.pruning.model_dump(),
        "n_trials": plan.n_trials,
        "budget": params.budget.model_dump(),
        "rows": {"train": n_train, "valid": n_valid},
        "space": {
            name: each.model_dump(exclude_none=True, exclude_defaults=True)
            for name, each in params.chosen_space.items()
        },
        "states": dict(Counter(trial["state"] for trial in trials)),
        "best": {**best, "overrides": params.overrides(best["parameters"])},
        "importance": _importance(study, len(complete)),
        "trials": trials,
    }


def _entry(trial: "FrozenTrial", plan: TuningPlan) -> dict[str, Any]:
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
        "parameters": decode_point(trial.params, space),
        "seconds": None if seconds is None else round(seconds, 3),
        "validations": facts.get("validations", []),
        "out_of_time": facts.get("out_of_time", False),
        "commit": facts.get("commit"),
        "codes": trial.user_attrs.get(CODES),
        "reason": trial.user_attrs.get(REFUSED),
    }


def _importance(study: "Study", n_complete: int) -> dict[str, float] | None:
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
