"""Where in a log, sorted by user and time, an item is clicked."""

from functools import cached_property

import numpy as np


class UserClicks:
    """The clicks of a log, sorted by user and time."""

    def __init__(self, items: np.ndarray) -> None:
        """Hold ``[clicks]`` items from 1."""
        self.items = items

    @cached_property
    def before(self) -> np.ndarray:
        """For each position the last one before it with the same item, or -1.

        ``[clicks]``; it may be another user's.
        """
        places = self._places
        before = np.full(len(places), -1, places.dtype)
        items = self.items[places]
        same = np.flatnonzero(items[1:] == items[:-1])
        before[places[same + 1]] = places[same]
        return before

    def are_within(
        self, items: np.ndarray, start: np.ndarray, end: np.ndarray
    ) -> np.ndarray:
        """Whether each item is clicked at a position from ``start`` until ``end``."""
        low, high = (
            np.searchsorted(self._keys, items.astype(np.int64) * len(self.items) + at)
            for at in (start, end)
        )
        return high > low

    @cached_property
    def _places(self) -> np.ndarray:
        """Every position, by item and then in order."""
        places = np.argsort(self.items, kind="stable")
        return places.astype(np.int32) if len(places) < 2**31 else places

    @cached_property
    def _keys(self) -> np.ndarray:
        keys = self.items[self._places].astype(np.int64)
        keys *= len(keys)
        keys += self._places
        return keys
