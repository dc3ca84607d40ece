"""Features of few values: layers are computed once per value, not once per row."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch.nn import functional


class LowCardinalityBlock(NamedTuple):
    """L such features, side by side in the vectors of N items or rows.

    Attributes:
        column: Their first column in the whole vector.
        vectors: ``[L, n, d]``, a vector for each of n values.
        rows: ``[L, N]`` int64, the values of each item or row.
    """

    column: int
    vectors: torch.Tensor
    rows: torch.Tensor

    @property
    def width(self) -> int:
        """Columns of the block, ``L * d``."""
        return self.vectors.shape[0] * self.vectors.shape[2]

    def of(self, places: torch.Tensor) -> "LowCardinalityBlock":
        """The block of some of the items or rows, ``places [M]`` int64."""
        return self._replace(rows=self.rows.index_select(1, places))

    def cut(self, matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Split a layer's ``[units, D]`` into the other columns and those of the block.

        Returns:
            ``[units, D - L * d]``, and ``[L, d, units]`` to multiply vectors with.
        """
        behind = matrix.shape[1] - self.column - self.width
        before, own, after = matrix.split([self.column, self.width, behind], dim=1)
        features, _, dim = self.vectors.shape
        own = own.unflatten(1, (features, dim)).permute(1, 2, 0)
        if self.column == 0:
            return after, own
        return torch.cat([before, after], dim=1), own

    def join(self, others: torch.Tensor, own: Sequence[torch.Tensor]) -> torch.Tensor:
        """Join ``[N, D - L * d]`` and L of ``[N, d]`` to ``[N, D]``."""
        before, after = others.tensor_split([self.column], dim=1)
        return torch.cat([before, *own, after], dim=1)


def add_rows(
    tables: Sequence[torch.Tensor], rows: Sequence[torch.Tensor]
) -> torch.Tensor:
    """Sum rows of several tables, in one pass over the result.

    Args:
        tables: ``[..., n, d]``, whose leading axes number tables of n rows.
        rows: ``[..., N]`` int64 each, a row of each of these.

    Returns:
        ``[N, d]``.
    """
    places, start = [], 0
    for table, of_table in zip(tables, rows, strict=True):
        count, n = table.shape[:-2].numel(), table.shape[-2]
        starts = torch.arange(count, device=of_table.device) * n + start
        places.append(of_table.reshape(count, -1) + starts[:, None])
        start += count * n
    flat = [table.reshape(-1, table.shape[-1]) for table in tables]
    return functional.embedding_bag(torch.cat(places).T, torch.cat(flat), mode="sum")
