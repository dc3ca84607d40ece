"""What users have clicked."""

import numpy as np

from mmctr.runtime.jagged import take_ranges


class TakenItems:
    """Which items each user has clicked."""

    def __init__(self, users: np.ndarray, items: np.ndarray, n_items: int) -> None:
        """Store events given as user codes and items 1..n_items."""
        self.n_items = n_items
        pairs = np.sort(users.astype(np.int64) * (n_items + 1) + items)
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]
        self._users, self._items = np.divmod(pairs, n_items + 1)

    def count_among(self, users: np.ndarray, is_counted: np.ndarray) -> np.ndarray:
        """How many items of each user count.

        Args:
            users: ``[U]`` codes.
            is_counted: ``[n_items + 1]`` bool, by item.

        Returns:
            ``[U]`` int64.
        """
        first, last = (np.searchsorted(self._users, users + i) for i in (0, 1))
        items, offsets = take_ranges(self._items, first, last)
        counted = np.concatenate([[0], np.cumsum(is_counted[items])])
        return np.diff(counted[offsets])
