"""A moving average of a model's weights, and batch normalisation that suits it."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmctr.ctr.inputs.click_log import Batch, ClickLog
from mmctr.runtime.ranks import Ranks

NORM_BATCHES = 60
"""Train batches that batch normalisation is measured on."""

_DRAW = 2**31
"""Tells the draw of their rows from those of the passes, by the same seed."""


class WeightAverage:
    """Exponential moving average of all weights.

    In step s its decay is at most ``(1 + s) / (10 + s)``, so that the first weights are
    soon forgotten. :meth:`apply` puts the average into the model, :meth:`restore` the
    trained weights back.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        """Start at the model's weights.

        Args:
            model: On the device that it is trained on.
            decay: In 0..1.
        """
        self._decay = decay
        self._weights = list(model.parameters())
        self._average = [weight.detach().clone() for weight in self._weights]
        self._norms = norms_of(model)
        self._trained: list[torch.Tensor] | None = None

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move towards the weights after a step.

        Args:
            step: Steps so far, this one included.
        """
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._average, self._weights, 1 - decay)

    @torch.no_grad()
    def apply(self) -> None:
        """Put the average into the model."""
        self._trained = [tensor.clone() for tensor in self._changed()]
        torch._foreach_copy_(self._weights, self._average)

    @torch.no_grad()
    def restore(self) -> None:
        """Put the trained weights back, if the average is in the model."""
        if self._trained is not None:
            for tensor, trained in zip(self._changed(), self._trained, strict=True):
                tensor.copy_(trained)
        self._trained = None

    def state(self) -> list[torch.Tensor]:
        """The average, for a checkpoint."""
        return self._average

    @torch.no_grad()
    def load_state(self, state: list[torch.Tensor]) -> None:
        """Go on from a checkpoint's average."""
        for own, saved in zip(self._average, state, strict=True):
            own.copy_(saved)

    def _changed(self) -> list[torch.Tensor]:
        """All that differs while the average is in the model."""
        buffers = [buffer for norm in self._norms for buffer in norm.buffers()]
        return [*self._weights, *buffers]


def norms_of(model: nn.Module) -> list[_BatchNorm]:
    """The batch normalisations of a model."""
    return [module for module in model.modules() if isinstance(module, _BatchNorm)]


@torch.no_grad()
def measure_norms(model: nn.Module, batches: Iterable[Batch]) -> None:
    """Set the running statistics of batch normalisation to their mean over batches.

    Args:
        model: In evaluation mode, and it stays there: nothing is dropped.
        batches: On the model's device.
    """
    norms = norms_of(model)
    if not norms:
        return
    momentum = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.train()
    for number, batch in enumerate(batches, start=1):
        for norm in norms:
            # As momentum=None has it, which would make the host wait for a GPU.
            norm.momentum = 1 / number
        model(batch)
    for norm, before in zip(norms, momentum, strict=True):
        norm.momentum = before
        norm.eval()


class NormBatches:
    """Batches of train for :func:`measure_norms`: the same rows in every validation."""

    def __init__(
        self, log: ClickLog, batch_size: int, seed: int, ranks: Ranks | None = None
    ) -> None:
        """Draw the rows; a log with fewer gives all of its own.

        Args:
            log: Of train.
            batch_size: Rows per batch.
            seed: Of the draw.
            ranks: The processes, each of which gives its part of every batch; None:
                one.
        """
        rng = np.random.default_rng([seed, _DRAW])
        # A copy, so that the others are not kept in memory.
        rows = rng.permutation(len(log))[: NORM_BATCHES * batch_size].copy()
        self._log = log
        batches = np.array_split(rows, max(len(rows) // batch_size, 1))
        ranks = ranks or Ranks()
        self._rows = [batch[ranks.own(len(batch))] for batch in batches]

    def __iter__(self) -> Iterator[Batch]:
        """Give one batch after the other."""
        return (self._log[rows] for rows in self._rows)
