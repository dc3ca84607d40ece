"""Drawing from all items but those that a row knows."""

import numpy as np

from mmctr.data.preparation.positives import Positives
from mmctr.runtime.jagged import take_ranges


class FreeItems:
    """Items with weights, drawn from by rows that must not get what they know.

    A draw takes as long as a search in the row's known items, however many items there
    are and however few of them are free.
    """

    def __init__(
        self,
        items: np.ndarray,
        weights: np.ndarray,
        positives: Positives,
        rows: np.ndarray,
    ) -> None:
        """Find the known items of each row.

        Args:
            items: ``[P]`` int64, with repeats.
            weights: ``[P]`` float64, over 0; an item's are added up.
            positives: Tell what each row knows.
            rows: ``[N]`` int64, the rows to draw for.
        """
        self._items, item = np.unique(items, return_inverse=True)
        weight = np.bincount(item, weights)
        self._below = np.concatenate([[0.0], np.cumsum(weight)])
        # Clicks of one user at one time know the same items.
        until, first, self._tie = np.unique(
            positives.until[positives.events[rows]],
            return_index=True,
            return_inverse=True,
        )
        start = positives.start[positives.events[rows[first]]]
        known, offsets = take_ranges(positives.clicks.items, start, until)
        tie = np.repeat(np.arange(len(until)), np.diff(offsets))
        at = np.searchsorted(self._items, known)
        is_there = np.isin(known, self._items)
        pairs = np.unique(tie[is_there] * len(self._items) + at[is_there])
        tie, at = np.divmod(pairs, len(self._items))
        self._first = np.searchsorted(tie, np.arange(len(until) + 1))
        self._known = np.concatenate([[0.0], np.cumsum(weight[at])])
        # The weight of the free items below each known one, ascending within a tie.
        free = self._below[at] - (self._known[:-1] - self._known[self._first[tie]])
        # Complex numbers are sorted by their real part, then by the other.
        self._borders = tie + 1j * free

    def draw(self, places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw an item for each of the given places ``[D]`` in ``rows``."""
        tie = self._tie[places]
        first, last = self._first[tie], self._first[tie + 1]
        total = self._below[-1] - (self._known[last] - self._known[first])
        drawn = rng.random(len(places)) * total
        passed = np.searchsorted(self._borders, tie + 1j * drawn, side="right")
        drawn += self._known[passed] - self._known[first]
        found = np.searchsorted(self._below, drawn, side="right") - 1
        return self._items[np.minimum(found, len(self._items) - 1)]
