"""What users have clicked."""

import numpy as np


class TakenItems:
    """Which items each user has clicked."""

    def __init__(self, users: np.ndarray, items: np.ndarray, n_items: int) -> None:
        """Store events given as user codes and items 1..n_items."""
        self._width = n_items + 1
        self._pairs = np.unique(users * self._width + items)
        self._users = self._pairs // self._width

    def count_among(self, user: int, items: np.ndarray) -> int:
        """How many of a user's items are among ``items`` (sorted, distinct)."""
        first, last = np.searchsorted(self._users, [user, user + 1])
        mine = self._pairs[first:last] - user * self._width
        if not items.size:
            return 0
        places = np.minimum(np.searchsorted(items, mine), len(items) - 1)
        return int((items[places] == mine).sum())
