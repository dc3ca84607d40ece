"""Drawing items as often as users without them click them."""

from dataclasses import dataclass

import numpy as np

from mmctr.data.preparation.draw_ranges import DrawRanges
from mmctr.data.preparation.free_items import FreeItems
from mmctr.data.preparation.positives import Positives
from mmctr.data.preparation.repeats import TRIES
from mmctr.runtime.ordered_search import find_places
from mmctr.runtime.progress import track_pieces


@dataclass(frozen=True)
class FirstClicks:
    """A part's clicks that are no repeats, to draw from, and where each row may.

    Attributes:
        sums: ``[R]`` float64, sum of the weights up to each row's; those of repeats
            are 0.
        ranges: Windows that each row draws from.
        bounds: ``[windows + 1]`` rows at which windows begin.
        positives: The part's, which tell items, and what each row knows.
    """

    sums: np.ndarray
    ranges: DrawRanges
    bounds: np.ndarray
    positives: Positives

    def fill(
        self, negatives: np.ndarray, column: int, rng: np.random.Generator
    ) -> None:
        """Fill a column with items that the users have not clicked until then.

        Args:
            negatives: ``[R, columns]``, changed in place; 0 where there is none yet.
            column: Which one.
            rng: The source of randomness.
        """
        refused = []
        label = f"drawing negative {column + 1} of {negatives.shape[1]}"
        for rows in track_pieces(label, len(negatives)):
            is_open = self.ranges.drawable[rows] & (negatives[rows, column] == 0)
            left = np.flatnonzero(is_open) + rows.start
            refused.append(self._try(negatives, column, left, rng))
        left = np.concatenate(refused)
        for _ in range(TRIES - 1):
            if not left.size:
                return
            left = self._try(negatives, column, left, rng)
        # Who knows nearly everything draws from the rest alone.
        ranges = np.stack(self._rows_of(left))
        for low, high in np.unique(ranges, axis=1).T:
            rows = left[(ranges == [[low], [high]]).all(axis=0)]
            weights = np.diff(self.sums[low:high], prepend=self._sum_before(low))
            is_drawn = weights > 0
            items = self.positives.items_of(slice(low, high))[is_drawn]
            free = FreeItems(items, weights[is_drawn], self.positives, rows)
            open_places = np.arange(len(rows))
            while open_places.size:
                drawn = free.draw(open_places, rng)
                is_refused = self._keep(negatives, column, rows[open_places], drawn)
                open_places = open_places[is_refused]

    def _try(
        self,
        negatives: np.ndarray,
        column: int,
        rows: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Draw an item for each row; the rows that must not have it."""
        if not rows.size:
            return rows
        first, last = self._rows_of(rows)
        low, high = self._sum_before(first), self._sum_before(last)
        drawn = low + rng.random(len(rows)) * (high - low)
        of_row = np.clip(find_places(self.sums, drawn, "right"), first, last - 1)
        items = self.positives.items_of(of_row)
        return rows[self._keep(negatives, column, rows, items)]

    def _rows_of(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The first row that each row draws from, and that after the last."""
        ranges = self.ranges
        return self.bounds[ranges.first[rows]], self.bounds[ranges.last[rows]]

    def _sum_before(self, rows: np.ndarray) -> np.ndarray:
        return np.where(rows > 0, self.sums[rows - 1], 0.0)

    def _keep(
        self, negatives: np.ndarray, column: int, rows: np.ndarray, drawn: np.ndarray
    ) -> np.ndarray:
        """Write what the rows may have; whether each of them must not: ``[rows]``."""
        refused = self.positives.are_known(rows, drawn)
        refused |= (negatives[rows] == drawn[:, None]).any(axis=1)
        negatives[rows[~refused], column] = drawn[~refused]
        return refused
