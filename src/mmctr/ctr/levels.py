"""Features of so few values that a layer is computed once a value, not once a row."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
from torch.nn import functional


class LevelFeature(NamedTuple):
    """One such feature of N things.

    Attributes:
        column: Its first column in the whole vector of a thing.
        vectors: ``[n, d]``, what stands there for each of its n values.
        rows: ``[N]`` int64, the value of each thing.
    """

    column: int
    vectors: torch.Tensor
    rows: torch.Tensor


def column_sizes(width: int, levels: Sequence[LevelFeature]) -> list[int]:
    """Cut ``width`` columns at the levels.

    Returns:
        Widths of free columns and of a level in turn: the first and the last are free
        columns, perhaps none.
    """
    sizes, end = [], 0
    for level in levels:
        level_width = level.vectors.shape[1]
        sizes += [level.column - end, level_width]
        end = level.column + level_width
    return [*sizes, width - end]


def add_rows(
    tables: Sequence[torch.Tensor], rows: Sequence[torch.Tensor]
) -> torch.Tensor:
    """Add up a row of every table, in one pass over the result.

    Args:
        tables: ``[n_i, d]`` each.
        rows: ``[N]`` int64 rows of each table.

    Returns:
        ``[N, d]``.
    """
    starts = accumulate((len(table) for table in tables[:-1]), initial=0)
    places = [row + start for row, start in zip(rows, starts, strict=True)]
    return functional.embedding_bag(
        torch.stack(places, dim=1), torch.cat(list(tables)), mode="sum"
    )
