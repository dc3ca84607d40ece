"""Where in a log, sorted by user and time, an item is clicked."""

from functools import cached_property

import numpy as np

from mmctr.runtime.ordered_search import find_places
from mmctr.runtime.pieces import pieces


class UserClicks:
    """The clicks of a log, sorted by user and time."""

    def __init__(self, items: np.ndarray) -> None:
        """Hold ``[clicks]`` items from 1."""
        self.items = items

    def before(self) -> np.ndarray:
        """For each position find the last one before it with the same item, or -1.

        ``[clicks]``; it may be another user's.
        """
        count = len(self.items)
        before = np.full(count, -1, np.int32 if count < 2**31 else np.int64)
        for rows in pieces(count):
            # With the one before the piece.
            items, places = np.divmod(
                self._keys[max(rows.start - 1, 0) : rows.stop], count
            )
            same = np.flatnonzero(items[1:] == items[:-1])
            before[places[same + 1]] = places[same]
        return before

    def are_within(
        self, items: np.ndarray, start: np.ndarray, end: np.ndarray
    ) -> np.ndarray:
        """Whether each item is clicked at a position from ``start`` until ``end``."""
        keys = items.astype(np.int64) * len(self.items)
        found = find_places(self._keys, keys + start)
        is_there = found < len(self._keys)
        is_there[is_there] = self._keys[found[is_there]] < (keys + end)[is_there]
        return is_there

    @cached_property
    def _keys(self) -> np.ndarray:
        """Every item with its position, sorted: ``[clicks]``."""
        keys = self.items.astype(np.int64)
        keys *= len(keys)
        keys += np.arange(len(keys))
        keys.sort()
        return keys
