"""Which trials a study lacks, which were stopped, and what is logged of them."""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mmctr.data.datasets import StudyFile
from mmctr.experiments.tuning.algorithms import make_sampler
from mmctr.experiments.tuning.plan import TuningPlan
from mmctr.runtime.progress import Countdown

if TYPE_CHECKING:  # listing pipelines needs no Optuna
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

logger = logging.getLogger(__name__)

REFUSED = "refused"
"""Attribute of a failed trial: why its parameters make no model."""

SECONDS_BETWEEN_LOOKS = 0.5
"""While other processes run the last trials."""

_BEGUN = "begun"
_PLACE = "place"


def prepare_next(plan: TuningPlan, study: "Study") -> bool:
    """Make a study ready for its next trial; called under the lock.

    Args:
        plan: Says how many trials there are, and how they are drawn.
        study: Gets a waiting trial, unless it has one, and the sampler of its place.

    Returns:
        Whether a trial is lacking.
    """
    trials = study.get_trials(deepcopy=False)
    waiting = [trial for trial in trials if trial.state.name == "WAITING"]
    if waiting:  # of a process that was killed
        place = waiting[0].user_attrs[_PLACE]
    else:
        taken = {trial.user_attrs[_PLACE] for trial in trials if counts(trial)}
        free = [place for place in range(plan.n_trials) if place not in taken]
        if not free:
            return False
        place = free[0]
        values = plan.points[place] if plan.points else {}
        study.enqueue_trial(values, user_attrs={_PLACE: place})
    study.sampler = make_sampler(plan.params, place)
    return True


def mark_begun(study: "Study", trial: "Trial") -> None:
    """Note that a trial has a heartbeat from now on; called under the lock."""
    # Before it counts as begun: one without a heartbeat is never taken for dead.
    study._storage.record_heartbeat(trial._trial_id)
    trial.set_user_attr(_BEGUN, trial.number)


def counts(trial: "FrozenTrial") -> bool:
    """Whether a trial is done or running; one that was stopped is neither."""
    done = {"COMPLETE", "PRUNED", "RUNNING"}
    return trial.state.name in done or REFUSED in trial.user_attrs


def running(study: "Study") -> "list[FrozenTrial]":
    """Trials under way in any process."""
    trials = study.get_trials(deepcopy=False)
    return [trial for trial in trials if trial.state.name == "RUNNING"]


def fail_dead(study: "Study") -> None:
    """Mark trials of killed processes as failed; called under the lock."""
    from optuna.exceptions import ExperimentalWarning
    from optuna.storages import fail_stale_trials
    from optuna.trial import TrialState

    before = {trial.number for trial in running(study)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        fail_stale_trials(study)
    for trial in running(study):
        # Its process was killed under the lock, before the first heartbeat.
        if trial.user_attrs.get(_BEGUN) != trial.number:
            study.tell(trial.number, state=TrialState.FAIL)
    for number in sorted(before - {trial.number for trial in running(study)}):
        logger.warning("trial %d was stopped before its end", number)


def require_a_value(study: "Study", studies: StudyFile) -> None:
    """Refuse a study without any value.

    Raises:
        ValueError: Saying why the last trial was refused.
    """
    trials = study.get_trials(deepcopy=False)
    if any(trial.state.name == "COMPLETE" for trial in trials):
        return
    reasons = [x.user_attrs[REFUSED] for x in trials if REFUSED in x.user_attrs]
    raise ValueError(
        f"tuning: none of {len(trials)} trials gave a value"
        + (f"; the last one was refused: {reasons[-1]}" if reasons else "")
        + f". Change what is tried, or delete {studies.path} to try the same again"
    )


@contextlib.contextmanager
def quiet_optuna() -> Iterator[None]:
    """Silence its notes on every trial; those of this module say the same."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def log_trial(countdown: Countdown, study: "Study", trial: "FrozenTrial") -> None:
    """Log what became of a trial, the best value and the time left."""
    trials = study.get_trials(deepcopy=False)
    # Those of all processes: they share what is left.
    done = sum(counts(x) and x.state.name != "RUNNING" for x in trials)
    values = [x.value for x in trials if x.state.name == "COMPLETE"]
    refused = trial.user_attrs.get(REFUSED)
    logger.info(
        "trial %d %s%s; best %s; %s",
        trial.number,
        "refused" if refused else trial.state.name.lower(),
        "" if trial.value is None else f", {trial.value:.4f}",
        f"{max(values):.4f}" if values else "none yet",
        countdown.describe(done),
    )
    if refused:
        logger.warning("trial %d: %s", trial.number, refused)
