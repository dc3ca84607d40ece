"""The clicks of a part that become positives, with what their users clicked before."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mmctr.data.preparation.user_clicks import UserClicks


@dataclass(frozen=True)
class Positives:
    """The events of a part that become positives, in time order, each array ``[R]``.

    Attributes:
        users: Codes.
        items: 1..n_items.
        timestamps: int64, unix seconds.
        start: First position of the history in ``clicks``.
        end: Position after its last.
        until: Position after the user's last event of the same time.
        clicks: All clicks of the log.
    """

    users: np.ndarray
    items: np.ndarray
    timestamps: np.ndarray
    start: np.ndarray
    end: np.ndarray
    until: np.ndarray
    clicks: UserClicks

    def __len__(self) -> int:
        """How many there are."""
        return len(self.users)

    @cached_property
    def repeats(self) -> np.ndarray:
        """``[R]`` bool: whether the history holds the item."""
        return self.clicks.are_within(self.items, self.start, self.end)

    def are_known(self, rows: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Whether the row's history, or another event of its time, has the item.

        Later clicks do not count: a rule that knew of them would keep what users come
        to click, popular items above all, out of the negatives.
        """
        known = self.clicks.are_within(items, self.start[rows], self.until[rows])
        return known | (items == self.items[rows])
