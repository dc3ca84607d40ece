"""One trial: codes, a training, and what valid says of it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mmctr.content.quantizers.item_codes import find_cold_items
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.data.datasets import Keep
from mmctr.experiments.common import codes_name
from mmctr.experiments.training import Items, make_codes, train_measured
from mmctr.experiments.tuning.params import PruningParams, TuningParams
from mmctr.experiments.tuning.plan import TuningPlan
from mmctr.experiments.tuning.space import suggest

if TYPE_CHECKING:  # listing pipelines needs neither Optuna nor torch
    from optuna import Trial
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler

    from mmctr.ctr.inputs.click_log import ClickLog

FACTS = "facts"
"""Attribute of a trial: what its training measured."""

CODES = "codes"
"""Attribute of a trial: the partition of its codes."""


@dataclass
class TrialTrainer:
    """Trains the models of a study, all on the same rows."""

    plan: TuningPlan
    keep: Keep
    items: Items
    train: pa.Table
    valid: pa.Table
    _logs: dict[int, Any] = field(default_factory=dict, repr=False)

    def __call__(self, trial: "Trial") -> float:
        """Train one model.

        Args:
            trial: Chooses the parameters, is told every validation, and keeps the
                facts.

        Returns:
            The objective on valid, of the weights that are kept.

        Raises:
            optuna.TrialPruned: If the pruner has seen enough.
            ValueError: If these parameters make no model.
        """
        params = self.plan.params
        values = suggest(trial, params.chosen_space, self.plan.base)
        quantization, ctr = self.plan.resolve(values)
        codes = None
        if ctr.features.need_codes:
            name = codes_name(quantization, self.plan.inputs["items"])
            trial.set_user_attr(CODES, name)
            codes = self.keep(name, lambda: self._quantize(quantization))
        _, facts = train_measured(
            self.items.table(codes),
            self._read(ctr.training.max_history),
            self.valid["group_id"].to_numpy(),
            ctr,
            params.budget.minutes,
            [_reporter(trial, params.objective)],
        )
        trial.set_user_attr(FACTS, facts)
        value = facts["kept"][params.objective]
        # For the type checker: the reporter has refused it.
        assert value is not None  # nosec B101
        return value

    def _quantize(self, params: QuantizationParams) -> pa.Table:
        items = self.items
        cold = find_cold_items(items.features, self.train)
        return make_codes(items.title_vectors, items.image_vectors, cold, params)

    def _read(self, longest: int) -> tuple["ClickLog", "ClickLog"]:
        from mmctr.ctr.inputs.click_log import ClickLog

        if longest not in self._logs:
            count = self.items.features.num_rows
            # Only the latest: a log is as large as its rows.
            self._logs = {
                longest: tuple(
                    ClickLog.from_arrow(part, longest, count)
                    for part in (self.train, self.valid)
                )
            }
        return self._logs[longest]


def make_sampler(params: TuningParams, place: int) -> "BaseSampler":
    """Make Optuna's sampler for one trial.

    Args:
        params: Which, and the seed.
        place: Of the trial among those that count.
    """
    import numpy as np
    from optuna.samplers import RandomSampler, TPESampler

    # A seed a trial: were it one a run, each run and process would draw the same.
    seed = int(np.random.SeedSequence([params.seed, place]).generate_state(1)[0])
    if params.sampler == "tpe":
        return TPESampler(seed=seed, n_startup_trials=params.startup_trials)
    # Points of a grid are queued, and nothing is left to draw.
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
    # Validations are counted from 1, and one at n_warmup_steps may already prune.
    return pruners.MedianPruner(
        n_startup_trials=given.startup_trials,
        n_warmup_steps=given.warmup_validations + 1,
    )


def _reporter(trial: "Trial", objective: str) -> Any:
    """Tells a trial every validation of its training, and ends it when it is pruned.

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
