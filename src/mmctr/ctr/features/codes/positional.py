"""A table per position, added up."""

import math
from typing import Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.features.growing import rows_by_position
from mmctr.ctr.model_params import ModelParams
from mmctr.runtime.scratch import fill_by_rows


def rows_of_positions(codes: np.ndarray) -> tuple[np.ndarray, int]:
    """Stack the tables of all positions, so that one lookup serves them all.

    Args:
        codes: ``[n_items + 1, positions]`` code + 1, 0 for padding.

    Returns:
        The row of each code, ``[n_items + 1, positions]`` int32, 0 for padding; and how
        many rows there are.
    """
    positions, codebook_size = codes.shape[1], int(codes.max())
    starts = np.arange(positions) * codebook_size

    def rows_of(items: slice) -> np.ndarray:
        own = codes[items]
        return np.where(own > 0, own + starts, 0)

    rows = fill_by_rows(codes.shape, np.int32, rows_of)
    return rows, positions * codebook_size + 1


class SummedRows(nn.Module):
    """Several rows of one table per item: their sum / sqrt(rows per item).

    Shapes: ``items [U]`` -> ``[U, D]``.
    """

    def __init__(
        self, rows: np.ndarray, n_rows: int, width: int, *, persistent: bool
    ) -> None:
        """Set up the table.

        Args:
            rows: ``[n_items + 1, n]``, the rows of each item; 0 is padding.
            n_rows: Rows of the table.
            width: Its columns.
            persistent: Whether ``rows`` is saved with the weights.
        """
        super().__init__()
        self.register_buffer("rows", torch.from_numpy(rows), persistent=persistent)
        self.width = width
        self.table = nn.Embedding(n_rows, width, padding_idx=0)
        self._scale = 1 / math.sqrt(rows.shape[1])

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        """Add up the items' rows."""
        pooled = functional.embedding_bag(
            self.rows.index_select(0, items),
            self.table.weight,
            mode="sum",
            padding_idx=0,
        )
        return pooled * self._scale


class PositionalCodes(SummedRows):
    """A table per position: the sum of an item's code vectors / sqrt(positions)."""

    def __init__(
        self, codes: np.ndarray, seen: np.ndarray, params: ModelParams
    ) -> None:
        """Number the codes of all positions."""
        rows, n_rows = rows_of_positions(codes)
        super().__init__(rows, n_rows, params.embedding_dim, persistent=False)

    def rows_of(self, earlier: Self, items: torch.Tensor) -> torch.Tensor:
        """Rows of the codes of every position."""
        return rows_by_position(self.table, earlier.table, self.rows.shape[1])
