"""Trials of a study on the workers of a cluster; the study stays in this process."""

import logging
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
from filelock import FileLock

from mmctr.data.datasets import LoadedResults, ResultStore, StudyFile, add_checksum
from mmctr.experiments.tuning.algorithms import make_pruner
from mmctr.experiments.tuning.study import (
    REFUSED,
    SECONDS_BETWEEN_LOOKS,
    fail_dead,
    log_trial,
    mark_begun,
    prepare_next,
    quiet_optuna,
    require_a_value,
    running,
)
from mmctr.experiments.tuning.trials import TrialTrainer
from mmctr.runtime.progress import Countdown

if TYPE_CHECKING:  # listing pipelines needs no Optuna
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

logger = logging.getLogger(__name__)

Calls = Callable[
    [Callable[[Any], Any], Iterable[tuple[str, Any]]],
    Generator[tuple[str, Any], None, None],
]
"""Calls a function with arguments by name, several at once; see ``run_on_workers``."""


class DrawnTrial(NamedTuple):
    """What a worker needs: which trial, the study when it began, and codes made before.

    ``trials`` are all of the study, in the order of their numbers; that of ``number``
    has its parameters.
    """

    number: int
    trials: "list[FrozenTrial]"
    codes: dict[str, pa.Table]


class EndedTrial(NamedTuple):
    """What became of a trial: with a value, refused with a reason, or else pruned."""

    trial: "FrozenTrial"
    value: float | None
    refused: str | None
    codes: dict[str, pa.Table]


@dataclass(frozen=True)
class TrialWorker:
    """Runs trials where neither the study's file nor the codes' folder is.

    A pruner judges a trial by what the study had when the trial began.
    """

    trainer: TrialTrainer

    def __call__(self, drawn: DrawnTrial) -> EndedTrial:
        """Run one, in a copy of the study."""
        import optuna

        trainer, plan = self.trainer, self.trainer.plan
        trainer.codes = LoadedResults(dict(drawn.codes))
        value = refused = None
        with quiet_optuna():
            study = optuna.create_study(
                study_name=plan.study,
                direction="maximize",
                pruner=make_pruner(plan.params),
            )
            study.add_trials(drawn.trials)
            own = study.get_trials(deepcopy=False)[drawn.number]
            try:
                value = trainer(optuna.Trial(study, own._trial_id))
            except optuna.TrialPruned:
                pass
            except ValueError as error:
                refused = str(error)
            ended = study.get_trials(deepcopy=False)[drawn.number]
        found = trainer.codes.results
        made = {name: found[name] for name in found.keys() - drawn.codes.keys()}
        return EndedTrial(ended, value, refused, made)


@dataclass(frozen=True)
class SpreadSearch:
    """As :class:`~mmctr.experiments.tuning.search.Search`, with several trials at once.

    Trials are drawn here, one after the other; each sees those that have ended.

    Attributes:
        trainer: Trains a trial.
        codes: Has the codes of settings, or gets them.
        calls: Runs trials, for example on the workers of a cluster.
        at_once: How many.
    """

    trainer: TrialTrainer
    codes: ResultStore
    calls: Calls
    at_once: int

    def run(self, studies: StudyFile) -> "Study":
        """Run the trials that a study lacks, and wait for those of other processes.

        A trial that a stopped run leaves without an end is tried again by the next one.

        Args:
            studies: The file that has the study, or gets it.

        Returns:
            The study.

        Raises:
            DatasetError: If the file is damaged or can't be written.
            ValueError: If no trial gave a value; it says why the last was refused.
            ChildProcessError: If the cluster is lost.
        """
        plan = self.trainer.plan
        worker = TrialWorker(self.trainer)
        with quiet_optuna(), studies.explained():
            study = studies.open(plan.study, make_pruner(plan.params))
            countdown = Countdown(plan.n_trials, self.at_once)
            begun = _BegunTrials(
                study, studies.lock(), self.trainer, self.codes, countdown
            )
            while True:
                with closing(begun):
                    drawn = begun.draw()
                    first = next(drawn, None)
                    if first is not None:  # no workers for nothing
                        calls = self.calls(worker, chain([first], drawn))
                        with closing(calls):
                            for _, ended in calls:
                                begun.end(ended)
                if first is None:
                    if not running(study):
                        break
                    time.sleep(SECONDS_BETWEEN_LOOKS)
            require_a_value(study, studies)
            return study


@dataclass(frozen=True)
class _BegunTrials:
    """Trials of this process that are under way."""

    study: "Study"
    lock: FileLock
    trainer: TrialTrainer
    codes: ResultStore
    countdown: Countdown
    _alive: "dict[int, tuple[Trial, ExitStack]]" = field(default_factory=dict)

    def draw(self) -> Iterator[tuple[str, DrawnTrial]]:
        """Begin the trials that the study lacks; refused ones end at once."""
        while (trial := self._begin()) is not None:
            try:
                model = self.trainer.draw(trial)
            except ValueError as error:
                self._refuse(trial, str(error))
                continue
            name = model.codes_name(self.trainer.plan.inputs)
            is_made = name is not None and name in self.codes
            codes = {name: self.codes.load(name)} if is_made else {}
            trials = self.study.get_trials(deepcopy=False)
            yield f"trial {trial.number}", DrawnTrial(trial.number, trials, codes)

    def end(self, ended: EndedTrial) -> None:
        """Write a trial to the study."""
        from optuna.trial import TrialState

        trial, _ = self._alive[ended.trial.number]
        if not self._is_running(trial):
            self._end_heartbeat(trial)
            logger.warning(
                "trial %d: another run took it for dead; what it gave is left out, and "
                "it is tried again",
                trial.number,
            )
            return
        for name, table in ended.codes.items():
            if name not in self.codes:
                self.codes.save(name, table)
        for step, value in ended.trial.intermediate_values.items():
            trial.report(value, step)
        for name, value in ended.trial.user_attrs.items():
            trial.set_user_attr(name, value)
        for name, value in ended.trial.system_attrs.items():  # those of pruners
            self.study._storage.set_trial_system_attr(trial._trial_id, name, value)
        if ended.refused is not None:
            self._refuse(trial, ended.refused)
            return
        add_checksum(self.study, trial, ended.value)
        if ended.value is None:
            self._tell(trial, state=TrialState.PRUNED)
        else:
            self._tell(trial, ended.value)

    def close(self) -> None:
        """Mark what is still under way as stopped."""
        from optuna.trial import TrialState

        for trial, _ in list(self._alive.values()):
            self._end_heartbeat(trial)
            if self._is_running(trial):
                self.study.tell(trial, state=TrialState.FAIL)

    def _is_running(self, trial: "Trial") -> bool:
        return trial.number in {each.number for each in running(self.study)}

    def _begin(self) -> "Trial | None":
        from optuna.storages._heartbeat import get_heartbeat_thread

        with self.lock:
            for trial, _ in self._alive.values():
                # Though the machine slept, and nothing was marked for long.
                self.study._storage.record_heartbeat(trial._trial_id)
            fail_dead(self.study)
            if not prepare_next(self.trainer.plan, self.study):
                return None
            with warnings.catch_warnings():
                # Of heartbeats without `optimize`; this class has its own.
                warnings.simplefilter("ignore", UserWarning)
                trial = self.study.ask()
            mark_begun(self.study, trial)
        stack = ExitStack()
        thread = get_heartbeat_thread(trial._trial_id, self.study._storage)
        stack.enter_context(thread)
        self._alive[trial.number] = (trial, stack)
        return trial

    def _refuse(self, trial: "Trial", reason: str) -> None:
        from optuna.trial import TrialState

        trial.set_user_attr(REFUSED, reason)
        self._tell(trial, state=TrialState.FAIL)

    def _tell(self, trial: "Trial", *values: float, state: Any = None) -> None:
        self._end_heartbeat(trial)
        told = self.study.tell(trial, *values, state=state)
        log_trial(self.countdown, self.study, told)

    def _end_heartbeat(self, trial: "Trial") -> None:
        _, stack = self._alive.pop(trial.number)
        stack.close()
