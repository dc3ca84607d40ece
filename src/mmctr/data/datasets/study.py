"""Studies of Optuna in one SQLite file, of which only the lacking trials are run."""

import contextlib
import logging
import os
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from kedro.io import AbstractDataset, DatasetError
from tqdm import tqdm

from mmctr.data.datasets.study_file import (
    explained,
    open_storage,
    quiet_optuna,
    require_sealed,
    seal,
)

if TYPE_CHECKING:  # listing pipelines needs no Optuna
    from optuna import Study, Trial
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

logger = logging.getLogger(__name__)

REFUSED = "refused"
"""Attribute of a failed trial: why its parameters make no model."""

_WORKER = "worker"
_POINT = "point"
_SECONDS_BETWEEN_LOOKS = 0.5


@dataclass(frozen=True)
class Search:
    """What a node wants to have tried.

    ``objective`` gives a trial's value, raises ``optuna.TrialPruned``, or a ValueError
    for parameters that make no model. ``sampler`` is made anew for every trial from
    its place among those that count, so that neither a kill nor a second process
    draws the same again. With ``points`` each of them is tried once, in their order.
    """

    study: str
    n_trials: int
    objective: "Callable[[Trial], float]"
    sampler: "Callable[[int], BaseSampler]"
    pruner: "Callable[[], BasePruner]"
    points: Sequence[dict[str, Any]] | None = None


class StudyDataset(AbstractDataset[Search, "Callable[[str], Study]"]):
    """An SQLite file of studies; saving a :class:`Search` runs the trials it lacks.

    Whatever stops a run, the next one goes on. Several processes on this machine may
    save the same search: they share its trials. A process holds a lock while it lives,
    so a trial whose process was killed is known at once; it is marked as failed and
    does not count.

    Example:
        >>> dataset.save(Search("tpe-0f3a", 20, objective, sampler, pruner))
        >>> study = dataset.load()("tpe-0f3a")
    """

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        """Take the place.

        Args:
            filepath: The SQLite file, on a disk of this machine.
            metadata: For plugins such as kedro-viz; not used here.
        """
        self._path = Path(filepath)
        self.metadata = metadata

    def save(self, data: Search) -> None:
        """Run trials until there are enough, and wait for those of other processes.

        Raises:
            DatasetError: If the file is damaged or can't be written, or if not one of
                them gave a value; it says what the last one was refused for.
        """
        import optuna

        self._path.parent.mkdir(parents=True, exist_ok=True)
        with quiet_optuna(), explained(self._path), self._working() as worker:
            study = self._open(data)
            clock = _Clock(_target(data))
            while True:
                with self._claims():
                    self._fail_dead(study, worker)
                    trial = _claim(study, data, worker)
                if trial is None:
                    if not _running(study):
                        break
                    time.sleep(_SECONDS_BETWEEN_LOOKS)
                    continue
                try:
                    value = data.objective(trial)
                    seal(study, trial, value)
                    study.tell(trial, value)
                except optuna.TrialPruned:
                    seal(study, trial)
                    study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                except ValueError as error:
                    trial.set_user_attr(REFUSED, str(error))
                    study.tell(trial, state=optuna.trial.TrialState.FAIL)
                except BaseException:
                    study.tell(trial, state=optuna.trial.TrialState.FAIL)
                    raise
                clock.log(study, trial.number)
            self._require_a_value(study)

    def load(self) -> "Callable[[str], Study]":
        """A function that finds a study by its name.

        Raises:
            FileNotFoundError: If there is no such file yet.
        """
        if not self._path.exists():
            raise FileNotFoundError(
                f"{self._path} does not exist; run the pipeline that writes it first"
            )
        return self._find

    def _find(self, name: str) -> "Study":
        import optuna

        with quiet_optuna(), self._claims(), explained(self._path, reading=True):
            storage = open_storage(self._path)
            try:
                study = optuna.load_study(study_name=name, storage=storage)
            except KeyError as error:
                raise DatasetError(f"{self._path} has no study '{name}'") from error
            require_sealed(study, self._path)
            return study

    def _open(self, data: Search) -> "Study":
        import optuna

        with self._claims(), explained(self._path, reading=True):
            study = optuna.create_study(
                study_name=data.study,
                storage=open_storage(self._path),
                direction="maximize",
                pruner=data.pruner(),
                load_if_exists=True,
            )
            require_sealed(study, self._path)
            return study

    def _claims(self) -> FileLock:
        return FileLock(self._sibling("claims"))

    @contextlib.contextmanager
    def _working(self) -> Iterator[str]:
        """Hold a lock that the system takes away when the process ends, however."""
        for left in self._path.parent.glob(self._sibling("*-*").name):
            self._is_alive(left)
        worker = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        lock = self._sibling(worker)
        try:
            with FileLock(lock):
                yield worker
        finally:
            lock.unlink(missing_ok=True)

    def _fail_dead(self, study: "Study", worker: str) -> None:
        from optuna.trial import TrialState

        for trial in _running(study):
            owner = trial.user_attrs.get(_WORKER)
            # Claimed under the lock that is held now, and yet without an owner: killed
            # between the two.
            if owner != worker and (
                owner is None or not self._is_alive(self._sibling(owner))
            ):
                logger.warning("trial %d was stopped in its midst", trial.number)
                study.tell(trial.number, state=TrialState.FAIL)

    def _require_a_value(self, study: "Study") -> None:
        trials = study.get_trials(deepcopy=False)
        if any(trial.state.name == "COMPLETE" for trial in trials):
            return
        reasons = [x.user_attrs[REFUSED] for x in trials if REFUSED in x.user_attrs]
        raise DatasetError(
            f"none of {len(trials)} trials gave a value"
            + (f"; the last one was refused: {reasons[-1]}" if reasons else "")
            + f". Change what is tried, or delete {self._path} to try the same again"
        )

    @staticmethod
    def _is_alive(lock: Path) -> bool:
        """Whether a process holds it; what a dead one left is removed."""
        if not lock.exists():
            return False
        try:
            with FileLock(lock, timeout=0):
                # While it is held: whoever made it a moment ago makes another.
                lock.unlink(missing_ok=True)
        except Timeout:
            return True
        return False

    def _sibling(self, name: str) -> Path:
        return self._path.with_name(f".{self._path.name}.{name}.lock")

    def _exists(self) -> bool:
        # What is wanted is known to nodes alone, so no run may be skipped for it.
        return False

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._path.as_posix()}


def counts(trial: "FrozenTrial") -> bool:
    """Whether a trial is done or being done; one that was stopped is neither."""
    from optuna.trial import TrialState

    done = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
    return trial.state in done or REFUSED in trial.user_attrs


def _target(search: Search) -> int:
    return search.n_trials if search.points is None else len(search.points)


def _claim(study: "Study", search: Search, worker: str) -> "Trial | None":
    """The next trial, if one is lacking; called by one process at a time."""
    from optuna.trial import TrialState

    trials = study.get_trials(deepcopy=False)
    counted = [trial for trial in trials if counts(trial)]
    study.sampler = search.sampler(len(counted))
    # A point that is queued already was left by a process killed right after.
    if search.points is not None and all(
        trial.state != TrialState.WAITING for trial in trials
    ):
        taken = {trial.user_attrs.get(_POINT) for trial in counted}
        free = [place for place in range(len(search.points)) if place not in taken]
        if not free:
            return None
        study.enqueue_trial(search.points[free[0]], user_attrs={_POINT: free[0]})
    elif search.points is None and len(counted) >= search.n_trials:
        return None
    trial = study.ask()
    trial.set_user_attr(_WORKER, worker)
    return trial


def _running(study: "Study") -> "list[FrozenTrial]":
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))


class _Clock:
    """Says after each trial how far it is, and the time left at this pace."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._start = time.perf_counter()
        self._first: int | None = None

    def log(self, study: "Study", number: int) -> None:
        trials = study.get_trials(deepcopy=False)
        trial = trials[number]
        states = Counter(counts(x) and x.state.name != "RUNNING" for x in trials)
        done = states[True]
        # Those of all processes since this one's first: they share what is left.
        self._first = done - 1 if self._first is None else self._first
        pace = (time.perf_counter() - self._start) / (done - self._first)
        values = [x.value for x in trials if x.state.name == "COMPLETE"]
        left = max(self._target - done, 0)
        logger.info(
            "trial %d %s%s; best %s; %d of %d%s",
            number,
            "refused" if REFUSED in trial.user_attrs else trial.state.name.lower(),
            "" if trial.value is None else f", {trial.value:.4f}",
            f"{max(values):.4f}" if values else "none yet",
            done,
            self._target,
            f", about {tqdm.format_interval(pace * left)} left" if left else "",
        )
        if REFUSED in trial.user_attrs:
            logger.warning("trial %d: %s", number, trial.user_attrs[REFUSED])
