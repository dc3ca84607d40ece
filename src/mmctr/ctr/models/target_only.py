"""A model without a history."""

from typing import ClassVar

import torch

from mmctr.ctr.model_params import ModelParams
from mmctr.ctr.models.base import EmbeddedBatch, Interest
from mmctr.ctr.models.interest_model import InterestModel


class NoInterest(Interest):
    """Nothing of the history: ``[B, 0]``."""

    width = 0

    def forward(self, batch: EmbeddedBatch) -> torch.Tensor:
        """No columns."""
        return batch.items.free.new_zeros(len(batch.target), 0)

    def weights(self, batch: EmbeddedBatch) -> torch.Tensor:
        """Zeros ``[T]``."""
        return batch.items.free.new_zeros(len(batch.history))

    def padded(
        self, query: torch.Tensor, keys: torch.Tensor, counted: torch.Tensor
    ) -> torch.Tensor:
        """No columns."""
        return query[:, :0]

    def activations(self, rows: float, positions: float, items: float) -> float:
        """None are held."""
        return 0.0


class TargetOnly(InterestModel):
    """The target and the row's own features; how much the history adds beyond them.

    Features that compare target and history, as similarity and matches do, still see
    the history.
    """

    reads_history: ClassVar[bool] = False

    @staticmethod
    def make_interest(
        width: int, params: ModelParams, *, seed: int, first_layer: int
    ) -> NoInterest:
        """Build nothing."""
        return NoInterest()
