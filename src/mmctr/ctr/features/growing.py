"""Tables that have more rows in a later model: which row each of them starts from."""

from typing import Protocol, Self, runtime_checkable

import numpy as np
import torch
from torch import nn

AS_DRAWN = -1
"""A row that the earlier table has nothing for."""


@runtime_checkable
class Growing(Protocol):
    """A module whose ``table`` has rows of a vocabulary that may grow.

    What else it stores with the weights depends on the items alone, and is not taken
    over.
    """

    table: nn.Embedding

    def rows_of(self, earlier: Self, items: torch.Tensor) -> torch.Tensor:
        """Find the row of an earlier module that each row of the table starts from.

        Args:
            earlier: The same module of an earlier model.
            items: ``[n_items + 1]`` int64, the earlier number of each item; 0 for an
                item that the earlier model lacks, and for padding.

        Returns:
            ``[rows of the table]`` int64; :data:`AS_DRAWN`: none.
        """


def same_rows(table: nn.Embedding, earlier: nn.Embedding) -> torch.Tensor:
    """Rows of a table that grows at its end: ``[rows]`` int64."""
    rows = torch.arange(table.num_embeddings)
    return torch.where(rows < earlier.num_embeddings, rows, AS_DRAWN)


def rows_by_position(
    table: nn.Embedding, earlier: nn.Embedding, positions: int
) -> torch.Tensor:
    """Rows of tables of as many codes each, one per position, behind padding.

    Args:
        table: Of all positions.
        earlier: The same, maybe of another number of codes.
        positions: Of both.

    Returns:
        ``[rows]`` int64.
    """
    own, old = ((x.num_embeddings - 1) // positions for x in (table, earlier))
    rows = np.arange(table.num_embeddings - 1)
    position, code = np.divmod(rows, max(own, 1))
    found = np.where(code < old, position * old + code + 1, AS_DRAWN)
    return torch.from_numpy(np.append(0, found))
