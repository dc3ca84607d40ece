"""The embedding of an item's id."""

from typing import Self

import numpy as np
import torch
from torch import nn

from mmctr.ctr.layers.dropout import StepDropout

ITEM_ID_DROPOUT_LAYER = 0
"""Number of the item-id dropout among a model's dropout layers."""


class ItemId(nn.Module):
    """A vector per item, and one for items that training has not seen.

    Shapes: ``items [U]`` -> ``[U, D]``.
    """

    def __init__(
        self, seen: np.ndarray, dim: int, *, dropout: float, seed: int
    ) -> None:
        """Set up the table.

        Args:
            seen: ``[n_items + 1]`` bool, the items of the training rows.
            dim: Width.
            dropout: Share of items whose id is hidden in a training step. If it is 0
                the out-of-vocabulary row is not trained, so unseen items keep their own
                row.
            seed: Seed of the dropout.
        """
        super().__init__()
        n_rows = len(seen) + 1
        rows = torch.arange(len(seen))
        if dropout > 0:
            rows[~torch.from_numpy(seen)] = n_rows - 1
            rows[0] = 0
        self.register_buffer("row_of_item", rows)
        self.width = dim
        self.table = nn.Embedding(n_rows, dim, padding_idx=0)
        self.dropout = StepDropout(dropout, seed=seed, layer=ITEM_ID_DROPOUT_LAYER)
        self.hides = dropout > 0

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        """Look the items up."""
        rows = self.row_of_item.index_select(0, items)
        if self.training and self.hides:
            kept = self.dropout.draw_kept(rows.shape, rows.device)
            rows = torch.where(kept | (rows == 0), rows, self.table.num_embeddings - 1)
        return self.table(rows)

    def rows_of(self, earlier: Self, items: torch.Tensor) -> torch.Tensor:
        """Rows of the items' ids; of new ones that of unknown items, or of padding."""
        unknown = earlier.table.num_embeddings - 1 if earlier.hides else 0
        found = torch.where(items > 0, earlier.row_of_item[items], unknown)
        found[0] = 0
        return torch.cat([found, found.new_tensor([unknown])])

    def new_items(self, earlier: Self, items: torch.Tensor) -> torch.Tensor:
        """Items with a row of their own that the earlier table has no row for.

        Args:
            earlier: The same module of an earlier model.
            items: As for :meth:`rows_of`.

        Returns:
            ``[k]`` int64 items.
        """
        own = self.row_of_item == torch.arange(len(items))
        known = (items > 0) & earlier.has_own_row(items)
        own[0] = False
        return (own & ~known).nonzero().squeeze(1)

    def has_own_row(self, items: torch.Tensor) -> torch.Tensor:
        """Whether items have a row that training could reach: ``[N]`` bool."""
        return self.row_of_item[items] == items
