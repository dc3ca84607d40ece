"""A model without a history."""

from typing import ClassVar

import torch
from torch.nn import functional

from mmctr.ctr.inputs.click_log import Batch
from mmctr.ctr.model_params import ModelParams
from mmctr.ctr.models.base import EmbeddedBatch, Interest
from mmctr.ctr.models.interest_model import InterestModel
from mmctr.runtime.linear import spare_rows


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

    def _embed(self, batch: Batch) -> EmbeddedBatch:
        """Embed the targets alone."""
        spare = spare_rows(len(batch.target), batch.target.device)
        items = self.items(functional.pad(batch.target, (0, spare)))
        rows = torch.arange(len(batch.target), device=batch.target.device)
        return EmbeddedBatch(items, rows, batch.history, batch.segment)

    def activations(self, rows: float, positions: float, items: float) -> float:
        """Values held from forward to backward; the only items are the targets."""
        # As values that are looked up, as items, and as the head's inputs.
        return super().activations(rows, positions, 3 * rows)

    @staticmethod
    def make_interest(
        width: int, params: ModelParams, *, seed: int, first_layer: int
    ) -> NoInterest:
        """Build nothing."""
        return NoInterest()
