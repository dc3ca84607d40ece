"""Optuna's samplers and pruners, as the parameters choose them."""

from typing import TYPE_CHECKING

from mmctr.experiments.tuning.params import TuningParams

if TYPE_CHECKING:  # listing pipelines needs no Optuna
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler


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

    given, budget = params.pruning, params.budget
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
