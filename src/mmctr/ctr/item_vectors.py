"""The vectors of a batch's items, with their levels still apart."""

from typing import NamedTuple

import torch
from torch.nn import functional

from mmctr.ctr.levels import LevelFeature, column_sizes


class ItemVectors(NamedTuple):
    """Vectors of U items of D columns.

    Attributes:
        free: ``[U, F]``, the columns that are no level's, in order.
        levels: The others, in order of their columns.
    """

    free: torch.Tensor
    levels: tuple[LevelFeature, ...] = ()

    @property
    def sizes(self) -> list[int]:
        """Widths of free columns and of a level in turn, free ones at both ends."""
        of_levels = sum(level.vectors.shape[1] for level in self.levels)
        return column_sizes(self.free.shape[1] + of_levels, self.levels)

    def whole(self) -> torch.Tensor:
        """``[U, D]``."""
        return self._in_order(
            self.free,
            [functional.embedding(level.rows, level.vectors) for level in self.levels],
        )

    def pool(
        self, places: torch.Tensor, starts: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Add up weighted vectors, bag by bag.

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

        return self._in_order(
            pooled(places, self.free),
            [
                pooled(level.rows.index_select(0, places), level.vectors)
                for level in self.levels
            ],
        )

    def _in_order(
        self, free: torch.Tensor, of_levels: list[torch.Tensor]
    ) -> torch.Tensor:
        if not of_levels:
            return free
        pieces = list(free.split(self.sizes[::2], dim=1))
        for place, piece in enumerate(of_levels):
            pieces.insert(2 * place + 1, piece)
        return torch.cat(pieces, dim=1)
