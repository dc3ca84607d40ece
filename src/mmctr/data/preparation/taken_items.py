"""What users have clicked."""

import numpy as np

from mmctr.runtime.jagged import take_ranges


class TakenItems:
    """Which items each user has clicked."""

    def __init__(self, users: np.ndarray, items: np.ndarray, n_items: int) -> None:
        """Store events given as user codes and items 1..n_items."""
        self.n_items = n_items
        pairs = users.astype(np.int64)
        pairs *= n_items + 1
        pairs += items
        pairs.sort()
        is_new = np.ones(len(pairs), bool)
        is_new[1:] = pairs[1:] != pairs[:-1]
        pairs = pairs[is_new]
        last_user = int(users.max(initial=-1))
        firsts = np.arange(last_user + 2) * (n_items + 1)
        self._offsets = np.searchsorted(pairs, firsts)
        pairs %= n_items + 1
        self._items = pairs.astype(np.int32)

    def counts(self, users: np.ndarray) -> np.ndarray:
        """How many items each of the users ``[U]`` has clicked."""
        return self._offsets[users + 1] - self._offsets[users]

    def count_among(self, users: np.ndarray, is_counted: np.ndarray) -> np.ndarray:
        """How many items of each user count.

        Args:
            users: ``[U]`` codes.
            is_counted: ``[n_items + 1]`` bool, by item.

        Returns:
            ``[U]`` int64.
        """
        first, last = self._offsets[users], self._offsets[users + 1]
        items, offsets = take_ranges(self._items, first, last)
        counted = np.concatenate([[0], np.cumsum(is_counted[items])])
        return np.diff(counted[offsets])
