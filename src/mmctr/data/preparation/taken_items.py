"""What users have clicked."""

import numpy as np

from mmctr.runtime.jagged import take_ranges
from mmctr.runtime.pieces import pieces


class TakenItems:
    """Which items each user has clicked."""

    def __init__(
        self, users: np.ndarray, items: np.ndarray, counted: np.ndarray, n_items: int
    ) -> None:
        """Store the events that are ``counted``, bool: user codes, items 1..n_items."""
        self.n_items = n_items
        # Of a long log no second copy of its columns may fit.
        pairs = np.empty(np.count_nonzero(counted), np.int64)
        end = 0
        for rows in pieces(len(users)):
            found = users[rows][counted[rows]].astype(np.int64)
            found *= n_items + 1
            found += items[rows][counted[rows]]
            pairs[end : end + len(found)] = found
            end += len(found)
        pairs.sort()
        pairs = _without_repeats(pairs)
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


def _without_repeats(values: np.ndarray) -> np.ndarray:
    """The distinct ones of sorted values, moved to their beginning in place."""
    end = 0
    for rows in pieces(len(values)):
        found = values[rows]
        is_new = np.ones(len(found), bool)
        is_new[1:] = found[1:] != found[:-1]
        is_new[:1] = end == 0 or found[0] != values[end - 1]
        found = found[is_new]
        values[end : end + len(found)] = found
        end += len(found)
    return values[:end]
