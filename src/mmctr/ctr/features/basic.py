"""Embeddings of an item's id, levels and tags."""

from typing import Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.features.growing import same_rows
from mmctr.ctr.layers.dropout import StepDropout
from mmctr.data.raw_schemas import MAX_LEVEL

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


class Level(nn.Module):
    """A vector per level.

    Vectors and rows stay apart, so that layers can be computed once per level.
    """

    def __init__(self, levels: np.ndarray, dim: int) -> None:
        """Store ``[n_items + 1]`` levels + 1, 0 for padding."""
        super().__init__()
        self.register_buffer("levels", torch.from_numpy(levels), persistent=False)
        self.width = dim
        self.table = nn.Embedding(MAX_LEVEL + 2, dim, padding_idx=0)
        self.register_buffer("_all", torch.arange(MAX_LEVEL + 2), persistent=False)

    def vectors(self) -> torch.Tensor:
        """``[levels, D]``; padding takes no gradient."""
        return self.table(self._all)

    def rows(self, items: torch.Tensor) -> torch.Tensor:
        """The row of those vectors of each item: ``items [U]`` -> ``[U]``."""
        return self.levels.index_select(0, items)


class MeanBag(nn.Module):
    """The mean vector of each item's ids, without padding.

    Shapes: ``items [U]`` -> ``[U, D]``; zeros for an item without ids.
    """

    def __init__(self, ids: np.ndarray, dim: int) -> None:
        """Store ``[n_items + 1, n]`` ids, 0 for padding."""
        super().__init__()
        self.register_buffer("ids", torch.from_numpy(ids), persistent=False)
        is_id = (ids > 0).astype(np.float32)
        counts = is_id.sum(axis=1, keepdims=True).clip(min=1)
        self.register_buffer("is_id", torch.from_numpy(is_id), persistent=False)
        self.register_buffer("counts", torch.from_numpy(counts), persistent=False)
        self.width = dim
        self.table = nn.Embedding(int(ids.max()) + 1, dim, padding_idx=0)

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        """Pool the items' ids."""
        # A weighted sum takes torch's fast path on a CPU; means and padding don't.
        pooled = functional.embedding_bag(
            self.ids.index_select(0, items),
            self.table.weight,
            mode="sum",
            per_sample_weights=self.is_id.index_select(0, items),
        )
        return pooled / self.counts.index_select(0, items)

    def rows_of(self, earlier: Self, items: torch.Tensor) -> torch.Tensor:
        """Rows of the ids, whose numbers stay; new ones come behind."""
        return same_rows(self.table, earlier.table)
