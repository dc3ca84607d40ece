"""Vectors with low-cardinality columns kept apart."""

from typing import NamedTuple

import torch
from torch.nn import functional

from mmctr.ctr.layers.low_cardinality import LowCardinalityBlock


class ItemVectors(NamedTuple):
    """Vectors of U items or rows, of D columns.

    Attributes:
        free: ``[U, F]``, the columns outside of ``levels``, in order.
        levels: The low-cardinality columns, if any.
    """

    free: torch.Tensor
    levels: LowCardinalityBlock | None = None

    def of(self, items: torch.Tensor) -> "ItemVectors":
        """The vectors of some of the items, ``items [M]``."""
        levels = None if self.levels is None else self.levels.of(items)
        return ItemVectors(self.free.index_select(0, items), levels)

    def whole(self) -> torch.Tensor:
        """``[U, D]``."""
        if self.levels is None:
            return self.free
        return self.levels.join(self.free, self.few())

    def few(self) -> list[torch.Tensor]:
        """``[U, d]`` for each of the low-cardinality features."""
        if self.levels is None:
            return []
        pairs = zip(self.levels.rows, self.levels.vectors, strict=True)
        return [functional.embedding(rows, table) for rows, table in pairs]

    def pool(
        self, places: torch.Tensor, starts: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Sum weighted vectors per bag.

        Args:
            places: ``[T]`` int64, the item of each position.
            starts: ``[B]`` int64, first position of each bag.
            weights: ``[T]``.

        Returns:
            ``[B, D]``; zeros for an empty bag.
        """

        def pooled(rows: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
            return functional.embedding_bag(
                rows, vectors, starts, mode="sum", per_sample_weights=weights
            )

        if self.free.shape[1] > 0:
            free = pooled(places, self.free)
        else:
            # torch makes no bags of vectors without columns.
            free = self.free.new_zeros(len(starts), 0)
        if self.levels is None:
            return free
        rows_of_levels = self.levels.of(places).rows
        pairs = zip(rows_of_levels, self.levels.vectors, strict=True)
        return self.levels.join(free, [pooled(rows, table) for rows, table in pairs])
