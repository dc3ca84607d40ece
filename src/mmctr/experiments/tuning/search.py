"""Trials of a study, each made once whatever stops a run and however many run."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mmctr.data.datasets import StudyFile, add_checksum
from mmctr.experiments.tuning.algorithms import make_pruner
from mmctr.experiments.tuning.plan import TuningPlan
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
from mmctr.runtime.progress import Countdown

if TYPE_CHECKING:  # listing pipelines needs no Optuna
    from optuna import Study, Trial


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
        with quiet_optuna(), studies.explained():
            study = studies.open(self.plan.study, make_pruner(self.plan.params))
            countdown = Countdown(self.plan.n_trials)
            lock = studies.lock()
            while True:
                with lock:
                    fail_dead(study)
                    is_lacking = prepare_next(self.plan, study)
                    if is_lacking:
                        # Asked for under the lock, which the trial itself releases.
                        study.optimize(
                            lambda trial: self._run_trial(study, trial, lock.release),
                            n_trials=1,
                            catch=(ValueError,),
                            callbacks=[partial(log_trial, countdown)],
                        )
                if not is_lacking:
                    if not running(study):
                        break
                    time.sleep(SECONDS_BETWEEN_LOOKS)
            require_a_value(study, studies)
            return study

    def _run_trial(
        self, study: "Study", trial: "Trial", release: Callable[[], None]
    ) -> float:
        import optuna

        mark_begun(study, trial)
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
