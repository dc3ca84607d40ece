"""How many codes target and history share."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mmctr.runtime.linear import RowsLinear

_CELLS = 1 << 22


class CodeMatches(nn.Module):
    """Counts of history items that share codes with the target.

    SimTier (Sheng et al., arXiv 2407.19467, section 4.1) counts cosines of vectors by
    bucket. Here items are compared by their codes: for every position, how many of the
    history have the target's code there; for every number from 1 to positions, how many
    agree in so many positions. log(1 + count) passes a small layer. Items without codes
    agree with none.

    Shapes: ``target [B]``, ``history [T]``, ``segment [T]`` -> ``[B, D]``.
    """

    def __init__(self, codes: np.ndarray, dim: int) -> None:
        """Store the codes.

        Args:
            codes: ``[n_items + 1, positions]`` code + 1, 0 for padding.
            dim: Width of the layer.
        """
        super().__init__()
        narrow = torch.from_numpy(codes.astype(np.int32))
        self.register_buffer("codes", narrow, persistent=False)
        self.width = dim
        self.layer = RowsLinear(2 * codes.shape[1], dim)

    def forward(
        self, target: torch.Tensor, history: torch.Tensor, segment: torch.Tensor
    ) -> torch.Tensor:
        """Count, and pass the counts through the layer."""
        counts = self.counts(target, history, segment)
        return functional.relu(self.layer(counts.log1p()))

    @torch.no_grad()
    def counts(
        self, target: torch.Tensor, history: torch.Tensor, segment: torch.Tensor
    ) -> torch.Tensor:
        """``[B, 2 * positions]``: agreements by position, then by their number."""
        positions = self.codes.shape[1]
        targets = self.codes.index_select(0, target)
        by_position = self.layer.weight.new_zeros(len(target), positions)
        by_number = by_position.new_zeros(len(target) * (positions + 1))
        # A part at a time: codes of many positions take much memory.
        step = max(_CELLS // positions, 1)
        for rows, items in zip(segment.split(step), history.split(step), strict=True):
            own = self.codes.index_select(0, items)
            same = (targets.index_select(0, rows) == own) & (own > 0)
            agreed = same.sum(1)
            same = same.to(by_position.dtype)
            by_position.index_add_(0, rows, same)
            places = rows * (positions + 1) + agreed
            by_number.index_add_(0, places, by_number.new_ones(len(places)))
        by_number = by_number.view(len(target), positions + 1)
        return torch.cat([by_position, by_number[:, 1:]], dim=1)
