"""A model that averages the history."""

import torch

from mmctr.ctr.model_params import ModelParams
from mmctr.ctr.models.base import EmbeddedBatch, Interest
from mmctr.ctr.models.interest_model import InterestModel


class MeanPool(Interest):
    """The mean of the history's items; zeros for an empty one.

    Shapes: see :class:`~mmctr.ctr.models.base.Interest` -> ``[B, D]``.
    """

    def __init__(self, width: int) -> None:
        """Take the columns per item."""
        super().__init__()
        self.width = width

    def forward(self, batch: EmbeddedBatch) -> torch.Tensor:
        """Average."""
        return batch.pool(self.weights(batch))

    def weights(self, batch: EmbeddedBatch) -> torch.Tensor:
        """``[T]``, 1 / positions of the row."""
        ones = batch.items.free.new_ones(len(batch.history))
        counts = ones.new_zeros(len(batch.target)).index_add(0, batch.segment, ones)
        return ones / counts.index_select(0, batch.segment)

    def padded(
        self, query: torch.Tensor, keys: torch.Tensor, counted: torch.Tensor
    ) -> torch.Tensor:
        """The same on padded histories, for exports."""
        counts = counted.sum(1, keepdim=True).clamp(min=1)
        return (keys * counted[:, :, None]).sum(1) / counts

    def activations(self, rows: float, positions: float, items: float) -> float:
        """Values held from forward to backward."""
        return rows * self.width + positions


class MeanPoolModel(InterestModel):
    """The mean of the history beside the target: the simplest use of a history.

    YouTube's ranking network (Covington et al., 2016) has this form.
    """

    @staticmethod
    def make_interest(
        width: int, params: ModelParams, *, seed: int, first_layer: int
    ) -> MeanPool:
        """Build the mean."""
        return MeanPool(width)
