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
    def places(self) -> np.ndarray:
        """Every position, by item and then in order: ``[events]`` int64."""
        return np.argsort(self.items_by_user, kind="stable")

    @cached_property
    def _keys(self) -> np.ndarray:
        return self.items_by_user[self.places] * len(self.places) + self.places

    def _are_within(
        self, items: np.ndarray, start: np.ndarray, end: np.ndarray
    ) -> np.ndarray:
        low, high = (
            np.searchsorted(self._keys, items * len(self.places) + place)
            for place in (start, end)
        )
        return high > low
