"""Trials of a study, each made once whatever stops a run and however many run."""

import contextlib
import logging
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from mmctr.data.datasets import StudyFile, add_checksum

if TYPE_CHECKING:  # listing pipelines needs no Optuna
    from optuna import Study, Trial
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
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
    for parameters that make no model. Trials have places 0, 1, ..; ``sampler`` is made
    for each from its place, so that neither a stopped run nor a second process
    draws the same again. With ``points`` each of them is tried once, in their order.
    """

    study: str
    n_trials: int
    objective: "Callable[[Trial], float]"
    sampler: "Callable[[int], BaseSampler]"
    pruner: "BasePruner"
    points: Sequence[dict[str, Any]] | None = None

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
            study = studies.open(self.study, self.pruner)
            progress = _Progress(self.target)
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
                            callbacks=[progress.log],
                        )
                if not is_lacking:
                    if not _running(study):
                        break
                    time.sleep(_SECONDS_BETWEEN_LOOKS)
            _require_a_value(study, studies)
            return study

    @property
    def target(self) -> int:
        """Number of trials that are run in the end."""
        return self.n_trials if self.points is None else len(self.points)

    def _prepare_next(self, study: "Study") -> bool:
        """Make the study ready for the next trial; whether one is lacking."""
        trials = study.get_trials(deepcopy=False)
        waiting = [trial for trial in trials if trial.state.name == "WAITING"]
        if waiting:  # of a process that was killed
            place = waiting[0].user_attrs[_PLACE]
        else:
            taken = {trial.user_attrs[_PLACE] for trial in trials if counts(trial)}
            free = [place for place in range(self.target) if place not in taken]
            if not free:
                return False
            place = free[0]
            values = {} if self.points is None else self.points[place]
            study.enqueue_trial(values, user_attrs={_PLACE: place})
        study.sampler = self.sampler(place)
        return True

    def _run_trial(
        self, study: "Study", trial: "Trial", release: Callable[[], None]
    ) -> float:
        import optuna

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
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))


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


class _Progress:
    """Logs after each trial how far it is, and the time left at this pace."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._start = time.perf_counter()
        self._first: int | None = None

    def log(self, study: "Study", trial: "FrozenTrial") -> None:
        trials = study.get_trials(deepcopy=False)
        done = sum(counts(x) and x.state.name != "RUNNING" for x in trials)
        # Those of all processes since this one's first: they share what is left.
        self._first = done - 1 if self._first is None else self._first
        pace = (time.perf_counter() - self._start) / (done - self._first)
        values = [x.value for x in trials if x.state.name == "COMPLETE"]
        left = max(self._target - done, 0)
        refused = trial.user_attrs.get(REFUSED)
        logger.info(
            "trial %d %s%s; best %s; %d of %d%s",
            trial.number,
            "refused" if refused else trial.state.name.lower(),
            "" if trial.value is None else f", {trial.value:.4f}",
            f"{max(values):.4f}" if values else "none yet",
            done,
            self._target,
            f", about {tqdm.format_interval(pace * left)} left" if left else "",
        )
        if refused:
            logger.warning("trial %d: %s", trial.number, refused)
