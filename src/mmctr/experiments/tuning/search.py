"""Trials of a study, each made once whatever stops a run and however many run."""

import contextlib
import logging
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mmctr.data.datasets import StudyFile, add_checksum
from mmctr.experiments.tuning.algorithms import make_pruner, make_sampler
from mmctr.experiments.tuning.plan import TuningPlan
from mmctr.runtime.progress import Countdown

if TYPE_CHECKING:  # listing pipelines needs no Optuna
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

logger = logging.getLogger(__name__)

REFUSED = "refused"
"""Attribute of a failed trial: why its parameters make no model."""

_BEGUN = "begun"
_PLACE = "place"
_SECONDS_BETWEEN_LOOKS = 0.5


@dataclass(frozen=True)
class Search:
    """What is to be tried.

    ``objective`` gives a trial's value, raises ``optuna.TrialPruned``, or a ValueError
    for parameters that make no model. Trials have places 0, 1, ..; the sampler is made
    for each from its place, so that neither a stopped run nor a second process
    draws the same again. Each point of a grid is tried once, in the plan's order.
    """

    plan: TuningPlan
    objective: "Callable[[Trial], float]"

    def run(self, studies: StudyFile) -> "Study":
        """Run the trials that a study lacks, and wait for those of other processes.

        Several processes on a machine may run the same search: they share its trials.
        A trial whose process was killed is marked as failed and tried again.

        Args:
            studies: The file that has the study, or gets it.

        Returns:
            The study.

        Raises:
            DatasetError: If the file is damaged or can't be written.
            ValueError: If no trial gave a value; it says why the last was refused.
        """
        with _quiet_optuna(), studies.explained():
            study = studies.open(self.plan.study, make_pruner(self.plan.params))
            countdown = Countdown(self.plan.n_trials)
            lock = studies.lock()
            while True:
                with lock:
                    _fail_dead(study)
                    is_lacking = self._prepare_next(study)
                    if is_lacking:
                        # Asked for under the lock, which the trial itself releases.
                        study.optimize(
                            lambda trial: self._run_trial(study, trial, lock.release),
                            n_trials=1,
                            catch=(ValueError,),
                            callbacks=[partial(_log, countdown)],
                        )
                if not is_lacking:
                    if not _running(study):
                        break
                    time.sleep(_SECONDS_BETWEEN_LOOKS)
            _require_a_value(study, studies)
            return study

    def _prepare_next(self, study: "Study") -> bool:
        """Make the study ready for the next trial; whether one is lacking."""
        trials = study.get_trials(deepcopy=False)
        waiting = [trial for trial in trials if trial.state.name == "WAITING"]
        if waiting:  # of a process that was killed
            place = waiting[0].user_attrs[_PLACE]
        else:
            taken = {trial.user_attrs[_PLACE] for trial in trials if counts(trial)}
            free = [place for place in range(self.plan.n_trials) if place not in taken]
            if not free:
                return False
            place = free[0]
            values = self.plan.points[place] if self.plan.points else {}
            study.enqueue_trial(values, user_attrs={_PLACE: place})
        study.sampler = make_sampler(self.plan.params, place)
        return True

    def _run_trial(
        self, study: "Study", trial: "Trial", release: Callable[[], None]
    ) -> float:
        import optuna

        # Before it counts as begun: one without a heartbeat is never taken for dead.
        study._storage.record_heartbeat(trial._trial_id)
        trial.set_user_attr(_BEGUN, trial.number)
        release()
        try:
            value = self.objective(trial)
        except optuna.TrialPruned:
            add_checksum(study, trial)
            raise
        except ValueError as error:
            trial.set_user_attr(REFUSED, str(error))
            raise
        except SystemExit:  # SIGTERM; Optuna itself expects Ctrl-C alone
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            raise
        add_checksum(study, trial, value)
        return value


def counts(trial: "FrozenTrial") -> bool:
    """Whether a trial is done or running; one that was stopped is neither."""
    done = {"COMPLETE", "PRUNED", "RUNNING"}
    return trial.state.name in done or REFUSED in trial.user_attrs


def _running(study: "Study") -> "list[FrozenTrial]":
    trials = study.get_trials(deepcopy=False)
    return [trial for trial in trials if trial.state.name == "RUNNING"]


def _fail_dead(study: "Study") -> None:
    """Mark trials of killed processes as failed; called under the lock."""
    from optuna.exceptions import ExperimentalWarning
    from optuna.storages import fail_stale_trials
    from optuna.trial import TrialState

    before = {trial.number for trial in _running(study)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        fail_stale_trials(study)
    for trial in _running(study):
        # Its process was killed under the lock, before the first heartbeat.
        if trial.user_attrs.get(_BEGUN) != trial.number:
            study.tell(trial.number, state=TrialState.FAIL)
    for number in sorted(before - {trial.number for trial in _running(study)}):
        logger.warning("trial %d was stopped before its end", number)


def _require_a_value(study: "Study", studies: StudyFile) -> None:
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
def _quiet_optuna() -> Iterator[None]:
    """Silence its notes on every trial; those of this module say the same."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def _log(countdown: Countdown, study: "Study", trial: "FrozenTrial") -> None:
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
