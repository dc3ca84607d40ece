"""The clicks of a part that become positives, with what their users clicked before."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Positives:
    """The events of a part that become positives, in time order, each array ``[R]``.

    Attributes:
        users: int64 codes.
        items: int64, 1..n_items.
        timestamps: int64, unix seconds.
        start: First position of the history in ``items_by_user``.
        end: Position after its last.
        until: Position after the user's last event of the same time.
        items_by_user: ``[events]`` items of the whole log, sorted by user and time.
    """

    users: np.ndarray
    items: np.ndarray
    timestamps: np.ndarray
    start: np.ndarray
    end: np.ndarray
    until: np.ndarray
    items_by_user: np.ndarray

    def __len__(self) -> int:
        """How many there are."""
        return len(self.users)

    @cached_property
    def repeats(self) -> np.ndarray:
        """``[R]`` bool: whether the history holds the item."""
        return self._are_within(self.items, self.start, self.end)

    def are_known(self, rows: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Whether the row's history, or another event of its time, has the item.

        Later clicks do not count: a rule that knew of them would keep what users come
        to click, popular items above all, out of the negatives.
        """
        known = self._are_within(items, self.start[rows], self.until[rows])
        return known | (items == self.items[rows])

    @cached_property
    def places_before(self) -> np.ndarray:
        """For each position the last one before it with the same item, or -1.

        ``[events]`` int64; it may be another user's.
        """
        before = np.full(len(self.items_by_user), -1)
        places = self._places
        same = np.flatnonzero(np.diff(self.items_by_user[places], prepend=-1) == 0)
        before[places[same]] = places[same - 1]
        return before

    @cached_property
    def _places(self) -> np.ndarray:
        """Every position, by item and then in order: ``[events]`` int64."""
        return np.argsort(self.items_by_user, kind="stable")

    @cached_property
    def _keys(self) -> np.ndarray:
        return self.items_by_user[self._places] * len(self._places) + self._places

    def _are_within(
        self, items: np.ndarray, start: np.ndarray, end: np.ndarray
    ) -> np.ndarray:
        low, high = (
            np.searchsorted(self._keys, items * len(self._places) + place)
            for place in (start, end)
        )
        return high > low
