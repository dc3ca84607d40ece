"""Inputs of a layer, with low-cardinality columns kept apart."""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.layers.low_cardinality import LowCardinalityBlock, add_rows
from mmctr.ctr.layers.mlp import FoldedLayer
from mmctr.runtime.linear import linear


class SplitColumns(NamedTuple):
    """Inputs ``[B, W]``.

    Attributes:
        free: ``[B, F]``, the columns outside of the blocks, in order.
        blocks: The other ones, in order; the column of each is that without the
            blocks before it.
    """

    free: torch.Tensor
    blocks: tuple[LowCardinalityBlock, ...] = ()

    def whole(self) -> torch.Tensor:
        """``[B, W]``."""
        joined = self.free
        for block in reversed(self.blocks):
            pairs = zip(block.rows, block.vectors, strict=True)
            own = [functional.embedding(rows, table) for rows, table in pairs]
            joined = block.join(joined, own)
        return joined

    def through(self, layer: nn.Linear | FoldedLayer) -> torch.Tensor:
        """``layer(whole())``; what blocks add to it is computed once per value."""
        matrix = layer.weight
        tables, rows = [], []
        for block in self.blocks:
            matrix, own = block.cut(matrix)
            tables.append(block.vectors @ own)
            rows.append(block.rows)
        hidden = linear(self.free, matrix, layer.bias)
        if tables:
            tables = [table.to(self.free.dtype) for table in tables]
            hidden = hidden + add_rows(tables, rows)
        return hidden
