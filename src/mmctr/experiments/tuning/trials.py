"""One trial: codes, a training, and its value on valid."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mmctr.content.quantizers.item_codes import find_cold_items
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.data.datasets import ResultStore
from mmctr.experiments.common import codes_name
from mmctr.experiments.training import (
    Items,
    facts_of,
    make_codes,
    train_measured,
)
from mmctr.experiments.tuning.params import PruningParams, TuningParams
from mmctr.experiments.tuning.plan import TuningPlan
from mmctr.experiments.tuning.space import suggest
from mmctr.runtime.code_commit import code_commit, warn_if_commits_differ

if TYPE_CHECKING:  # listing pipelines needs neither Optuna nor torch
    from optuna import Trial
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler

    from mmctr.ctr.inputs.click_log import ClickLog

FACTS = "facts"
"""Attribute of a trial: what its training measured."""

CODES = "codes"
"""Attribute of a trial: the name of its codes."""


@dataclass
class TrialTrainer:
    """Trains the models of a study, all on the same rows."""

    plan: TuningPlan
    codes: ResultStore
    items: Items
    train: pa.Table
    valid: pa.Table
    _logs: dict[int, Any] = field(default_factory=dict, repr=False)

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
        values = suggest(trial, params.chosen_space, self.plan.base)
        quantization, ctr = self.plan.resolve(values)
        codes = None
        if ctr.features.need_codes:
            name = codes_name(quantization, self.plan.inputs["items"])
            trial.set_user_attr(CODES, name)
            codes = self.codes.get_or_make(name, lambda: self._quantize(quantization))
            made_by = facts_of(codes).get("commit")
            warn_if_commits_differ((code_commit(), made_by), f"codes {name} and trial")
        train, valid = self._read(ctr.training.max_history)
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

    def _quantize(self, params: QuantizationParams) -> pa.Table:
        items = self.items
        cold = find_cold_items(items.features, self.train)
        return make_codes(items.title_vectors, items.image_vectors, cold, params)

    def _read(self, longest: int) -> "list[ClickLog]":
        if longest not in self._logs:
            # One only: a log is as large as its rows.
            parts = (self.train, self.valid)
            self._logs = {longest: self.items.click_logs(*parts, max_history=longest)}
        return self._logs[longest]


def make_sampler(params: TuningParams, place: int) -> "BaseSampler":
    """Make Optuna's sampler for one trial.

    Args:
        params: Which, and the seed.
        place: Number of trials that count before this one.
    """
    import numpy as np
    from optuna.samplers import RandomSampler, TPESampler

    # A seed per trial: with one per run, each run and process would draw the same.
    seed = int(np.random.SeedSequence([params.seed, place]).generate_state(1)[0])
    if params.sampler == "tpe":
        return TPESampler(seed=seed, n_startup_trials=params.startup_trials)
    # Points of a grid are queued, so nothing is drawn.
    return RandomSampler(seed=seed)


def make_pruner(params: TuningParams) -> "BasePruner":
    """Make Optuna's pruner; its unit of resource is a validation."""
    from optuna import pruners

    given: PruningParams = params.pruning
    budget = params.budget
    if given.method == "none":
        return pruners.NopPruner()
    if given.method == "hyperband":
        return pruners.HyperbandPruner(
            min_resource=given.warmup_validations + 1,
            max_resource=budget.max_epochs * budget.validations_per_epoch,
        )
    # Validations are counted from 1, and Optuna may prune at n_warmup_steps.
    return pruners.MedianPruner(
        n_startup_trials=given.startup_trials,
        n_warmup_steps=given.warmup_validations + 1,
    )


def _reporter(trial: "Trial", objective: str) -> Any:
    """Reports every validation to a trial, and ends the training of a pruned one.

    optuna-integration has one for the package `lightning`, where this project has
    `pytorch_lightning`.
    """
    import pytorch_lightning as pl
    from optuna import TrialPruned

    class Reporter(pl.Callback):
        def __init__(self) -> None:
            self._done = 0

        def on_validation_end(self, trainer: pl.Trainer, module: Any) -> None:
            found = module.validations[-1]
            value = found[objective]
            if value is None:
                raise ValueError(
                    "valid has no group with clicked and other rows, so no gAUC; use "
                    "tuning.objective=auc"
                )
            self._done += 1
            trial.report(value, self._done)
            if trial.should_prune():
                trial.set_user_attr(FACTS, {"validations": list(module.validations)})
                raise TrialPruned

    return Reporter()
