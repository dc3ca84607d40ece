"""The two layers behind an attention."""

import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.layers.dropout import Axis, StepDropout
from mmctr.ctr.layers.plain import plain_linear
from mmctr.runtime.linear import RowsLinear


class FeedForward(nn.Module):
    """Linear, ReLU, dropout, linear (Vaswani et al., 2017); ``[n, d]`` -> the same."""

    def __init__(
        self,
        width: int,
        hidden: int,
        *,
        dropout: float,
        seed: int,
        layer: int,
        axis: Axis = "rows",
    ) -> None:
        """Build the layers.

        Args:
            width: Columns in and out.
            hidden: Hidden width.
            dropout: Share of hidden values dropped in training.
            seed: Seed of the dropout.
            layer: Its number among the model's dropout layers.
            axis: What the n are.
        """
        super().__init__()
        self.first = RowsLinear(width, hidden)
        self.second = RowsLinear(hidden, width)
        self.dropout = StepDropout(dropout, seed=seed, layer=layer, axis=axis)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply them."""
        return self.second(self.dropout(functional.relu(self.first(x))))

    def padded(self, x: torch.Tensor) -> torch.Tensor:
        """The same in evaluation, of ``[..., d]``, for exports."""
        return plain_linear(self.second, functional.relu(plain_linear(self.first, x)))
