"""The embedding of an item's id."""

from typing import Any, Self

import numpy as np
import torch
from torch import nn

from mmctr.ctr.layers.dropout import StepDropout

ITEM_ID_DROPOUT_LAYER = 0
"""Number of the item-id dropout among a model's dropout layers."""


class ItemId(nn.Module):
    """A vector per item, and one for items that training has not seen often enough.

    Shapes: ``items [U]`` -> ``[U, D]``.
    """

    def __init__(
        self, counts: np.ndarray, dim: int, *, dropout: float, min_rows: int, seed: int
    ) -> None:
        """Set up the table.

        Args:
            counts: ``[n_items + 1]``, how often training sees each item.
            dim: Width.
            dropout: Share of items whose id is hidden in a training step. If it is 0
                and every item has a row, the out-of-vocabulary row is not trained, so
                unseen items keep their own row.
            min_rows: Items seen less often share the out-of-vocabulary row. With 1
                every item has a row in the table; with more the others have none.
            seed: Seed of the dropout.
        """
        super().__init__()
        self.is_compact = min_rows > 1
        self.hides = dropout > 0
        own = counts >= min_rows
        own[0] = False
        if self.is_compact:
            n_rows = int(own.sum()) + 2
            rows = np.where(own, np.cumsum(own), n_rows - 1).astype(np.int32)
            # Of trainings that go on: an item may come to be seen often enough.
            known = torch.from_numpy(counts.astype(np.int32))
            self.register_buffer("counts", known)
        else:
            n_rows = len(counts) + 1
            rows = np.arange(len(counts))
            if self.hides:
                rows[~own] = n_rows - 1
        rows[0] = 0
        self.register_buffer("row_of_item", torch.from_numpy(rows))
        self.width = dim
        self.table = nn.Embedding(n_rows, dim, padding_idx=0)
        self.dropout = StepDropout(
            dropout, seed=seed, layer=ITEM_ID_DROPOUT_LAYER, axis="items"
        )

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any
    ) -> None:
        """Make as many rows as the weights have: which items have one is in these."""
        weight = state_dict.get(f"{prefix}table.weight")
        before = self.table.weight
        # The same weights stay where they are: an optimiser may know them.
        if self.is_compact and weight is not None and weight.shape != before.shape:
            device = before.device
            self.table = nn.Embedding(*weight.shape, padding_idx=0, device=device)
        super()._load_from_state_dict(state_dict, prefix, *args)

    @property
    def unknown_row(self) -> int:
        """That of items without a row of their own; padding's, if none is trained."""
        is_trained = self.hides or self.is_compact
        return self.table.num_embeddings - 1 if is_trained else 0

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        """Look the items up."""
        rows = self.row_of_item.index_select(0, items)
        if self.training and self.hides:
            kept = self.dropout.draw_kept(rows.shape, rows.device)
            rows = torch.where(kept | (rows == 0), rows, self.table.num_embeddings - 1)
        return self.table(rows)

    def rows_of(self, earlier: Self, items: torch.Tensor) -> torch.Tensor:
        """Rows of the items' ids; of new ones that of unknown items, or of padding."""
        if self.is_compact:
            own = self.has_own_row(torch.arange(len(items))).nonzero().squeeze(1)
            items = torch.cat([items[:1], items[own]])
        unknown = earlier.unknown_row
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
        own = self.has_own_row(torch.arange(len(items)))
        known = (items > 0) & earlier.has_own_row(items)
        return (own & ~known).nonzero().squeeze(1)

    def has_own_row(self, items: torch.Tensor) -> torch.Tensor:
        """Whether items have a row that training could reach: ``[N]`` bool."""
        rows = self.row_of_item[items]
        return (rows > 0) & (rows < self.table.num_embeddings - 1)
