"""One trial: codes, a training, and its value on valid."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mmctr.ctr.params import CtrParams
from mmctr.data.datasets import LoadedResults, ResultStore
from mmctr.data.log_facts import LogFacts
from mmctr.experiments.training import Items, facts_of, train_measured
from mmctr.experiments.tuning.plan import TuningPlan
from mmctr.experiments.tuning.space import suggest
from mmctr.experiments.varied_params import VariedParams
from mmctr.runtime.code_commit import code_commit, warn_if_commits_differ

if TYPE_CHECKING:  # listing pipelines needs neither Optuna nor torch
    from optuna import Trial

    from mmctr.ctr.inputs.click_log import ClickLog

FACTS = "facts"
"""Attribute of a trial: what its training measured."""

CODES = "codes"
"""Attribute of a trial: the name of its codes."""


@dataclass
class TrialTrainer:
    """Trains the models of a study, all on the same rows."""

    plan: TuningPlan
    codes: ResultStore | LoadedResults
    items: Items
    train: pa.Table
    valid: pa.Table
    _logs: dict[tuple[int | str, ...], Any] = field(default_factory=dict, repr=False)

    def __call__(self, trial: "Trial") -> float:
        """Train one model.

        Args:
            trial: Chooses the parameters; receives every validation and the facts.

        Returns:
            The objective on valid, of the best weights.

        Raises:
            optuna.TrialPruned: If the pruner gives the trial up.
            ValueError: If these parameters make no model.
        """
        params = self.plan.params
        model = self.draw(trial)
        ctr, codes = model.ctr_modeling, None
        name = model.codes_name(self.plan.inputs)
        if name is not None:
            trial.set_user_attr(CODES, name)
            codes = self.codes.get_or_make(name, lambda: self._quantize(model))
            made_by = facts_of(codes).get("commit")
            warn_if_commits_differ((code_commit(), made_by), f"codes {name} and trial")
        train, valid = self._read(ctr)
        _, facts = train_measured(
            self.items.table(codes),
            (train, valid),
            self.valid["group_id"].to_numpy(),
            ctr,
            params.budget.minutes,
            [_reporter(trial, params.objective)],
        )
        trial.set_user_attr(FACTS, facts)
        value = facts["kept"][params.objective]
        # For the type checker: the reporter refuses None.
        assert value is not None  # nosec B101
        return value

    def draw(self, trial: "Trial") -> VariedParams:
        """Let a trial choose its parameters; those that it has already stay.

        Raises:
            ValueError: If they make no model.
        """
        space = self.plan.params.chosen_space
        return self.plan.resolve(suggest(trial, space, self.plan.sections))

    def _quantize(self, model: VariedParams) -> pa.Table:
        return self.items.make_codes(self.train, model.quantization)

    def _read(self, ctr: CtrParams) -> "list[ClickLog]":
        features = ctr.features
        key = (ctr.training.max_history, *features.statistics, *features.crosses)
        if key not in self._logs:
            # One only: a log is as large as its rows.
            logs = self.items.click_logs(
                self.train,
                self.valid,
                max_history=ctr.training.max_history,
                statistics=features.statistics,
                crosses=features.crosses,
                facts=LogFacts(**self.plan.inputs["facts"]),
            )
            self._logs = {key: logs}
        names = (features.fields, features.crosses, features.without)
        return [log.with_fields(*names) for log in self._logs[key]]


def _reporter(trial: "Trial", objective: str) -> Any:
    """Reports every validation to a trial, and ends the training of a pruned one.

    optuna-integration has one for the package `lightning`, where this project has
    `pytorch_lightning`.
    """
    import pytorch_lightning as pl
    from optuna import TrialPruned

    class Reporter(pl.Callback):
        def on_validation_end(self, trainer: pl.Trainer, module: Any) -> None:
            value = module.validations[-1][objective]
            if value is None:
                raise ValueError(
                    "valid has no group with clicked and other rows, so no gAUC; use "
                    "tuning.objective=auc"
                )
            # The start, which impressions have, took no budget.
            trial.report(value, sum(x["step"] > 0 for x in module.validations))
            if trial.should_prune():
                trial.set_user_attr(FACTS, {"validations": list(module.validations)})
                raise TrialPruned

    return Reporter()
