"""The optimiser, the learning rate of every step, and L2 penalties."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from mmctr.ctr.models.base import CtrModel
from mmctr.ctr.params import TrainingParams
from mmctr.ctr.training.monitor import monitor_mode


def make_optimizer(model: CtrModel, params: TrainingParams) -> torch.optim.AdamW:
    """Adam, with decoupled weight decay (Loshchilov & Hutter, 2019) on matrices.

    Embedding tables, biases and normalisation do not decay.

    Args:
        model: On the device that it is trained on.
        params: Rates, weight decay.

    Returns:
        The optimiser; its first group has the learning rate of the network.
    """
    tables = model.embedding_tables()
    network = network_weights(model)
    matrices = [weight for weight in network if weight.dim() > 1]
    vectors = [weight for weight in network if weight.dim() <= 1]
    rate = params.learning_rate
    own_rate = params.embedding_learning_rate
    groups = [
        {"params": matrices, "weight_decay": params.weight_decay},
        {"params": vectors},
        {"params": tables, "lr": rate if own_rate is None else own_rate},
    ]
    # Every device that can be chosen has the fused kernel.
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=rate,
        weight_decay=0.0,
        fused=True,
    )


def make_plateau(
    optimizer: torch.optim.Optimizer, params: TrainingParams
) -> torch.optim.lr_scheduler.ReduceLROnPlateau | None:
    """What lowers the rates when the monitor stops improving; None for a cosine."""
    if params.schedule != "plateau":
        return None
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer,
        mode=monitor_mode(params.monitor),
        factor=params.lr_factor,
        patience=params.lr_patience,
        threshold=0.0,
        min_lr=params.min_learning_rate,
    )


def rate_factor(step: int, steps: int, params: TrainingParams) -> float:
    """Factor on the learning rates in one step: warm-up, and cosine if chosen.

    Args:
        step: Steps before it.
        steps: Steps of the whole training.
        params: Schedule, warm-up, lowest rate.

    Returns:
        Over 0, at most 1; it depends on the step alone, so a resume is exact.
    """
    warm_up = params.warmup_steps
    if step < warm_up:
        return (step + 1) / warm_up
    if params.schedule == "plateau":
        return 1.0
    share = min((step - warm_up) / max(steps - warm_up, 1), 1.0)
    lowest = min(params.min_learning_rate / params.learning_rate, 1.0)
    return lowest + (1 - lowest) * (1 + math.cos(math.pi * share)) / 2


@contextmanager
def scaled_rates(optimizer: torch.optim.Optimizer, factor: float) -> Iterator[None]:
    """Multiply the learning rates of all groups for one step."""
    rates = [group["lr"] for group in optimizer.param_groups]
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate * factor
    yield
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate


def network_weights(model: CtrModel) -> list[torch.nn.Parameter]:
    """All weights but embedding tables: matrices, biases and normalisation."""
    tables = {id(table) for table in model.embedding_tables()}
    return [weight for weight in model.parameters() if id(weight) not in tables]


@torch.no_grad()
def add_l2_gradient(weights: list[torch.nn.Parameter], strength: float) -> None:
    """Add the gradient of ``strength/2 * ||W||^2`` to each weight's, in place."""
    trained = [weight for weight in weights if weight.grad is not None]
    if strength > 0 and trained:
        torch._foreach_add_([w.grad for w in trained], trained, alpha=strength)


@torch.no_grad()
def clip_gradients(model: CtrModel, limit: float) -> torch.Tensor:
    """``torch.nn.utils.clip_grad_norm_``, which multiplies also by 1.

    Where that is known without waiting for a GPU, gradients stay as they are.

    Args:
        model: With gradients.
        limit: Highest norm of all of them together.

    Returns:
        The norm before.
    """
    gradients = [w.grad for w in model.parameters() if w.grad is not None]
    norm = torch.nn.utils.get_total_norm(gradients)
    # torch's own addend; NaN is below nothing.
    if norm.device.type != "cpu" or not norm + 1e-6 < limit:
        torch.nn.utils.clip_grads_with_norm_(model.parameters(), limit, norm)
    return norm
