"""What users have clicked, and since when."""

import numpy as np


class TakenItems:
    """Which items each user has clicked, and since when."""

    def __init__(
        self, users: np.ndarray, items: np.ndarray, times: np.ndarray, n_items: int
    ) -> None:
        """Store events given as user codes, items 1..n_items and unix seconds."""
        self._width = n_items + 1
        pairs = users * self._width + items
        order = np.lexsort((times, pairs))
        self._pairs, first = np.unique(pairs[order], return_index=True)
        self._since = times[order][first]
        self._users = self._pairs // self._width

    def contains(
        self, users: np.ndarray, items: np.ndarray, moments: np.ndarray
    ) -> np.ndarray:
        """Whether the user has clicked the item up to a moment, elementwise.

        Later clicks do not count: a rule that knew of them would leave out of the
        negatives what users come to click, popular items above all.
        """
        places, found = _find_sorted(users * self._width + items, self._pairs)
        return found & (self._since[places] <= moments)

    def count_among(self, user: int, items: np.ndarray) -> int:
        """How many of a user's items are among ``items`` (sorted, distinct)."""
        first, last = np.searchsorted(self._users, [user, user + 1])
        mine = self._pairs[first:last] - user * self._width
        return int(_find_sorted(mine, items)[1].sum()) if items.size else 0


def _find_sorted(
    values: np.ndarray, ordered: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A place of each value, and whether it is there."""
    places = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return places, ordered[places] == values
