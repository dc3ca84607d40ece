"""The clicks of a part that become positives, with what their users clicked before."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mmctr.data.preparation.user_clicks import UserClicks
from mmctr.runtime.pieces import pieces


@dataclass(frozen=True)
class Positives:
    """The events of a part that become positives, in time order.

    Attributes:
        events: ``[R]`` places in the arrays of the log.
        users: ``[events of the log]`` codes.
        items: ``[events of the log]`` 1..n_items.
        timestamps: ``[events of the log]`` int64, unix seconds.
        start: ``[events of the log]`` first position of the history in ``clicks``.
        end: ``[events of the log]`` position after its last.
        until: ``[events of the log]`` position after the user's last event of the same
            time.
        clicks: All clicks of the log.
    """

    events: np.ndarray
    users: np.ndarray
    items: np.ndarray
    timestamps: np.ndarray
    start: np.ndarray
    end: np.ndarray
    until: np.ndarray
    clicks: UserClicks

    def __len__(self) -> int:
        """How many there are."""
        return len(self.events)

    def items_of(self, rows: np.ndarray | slice) -> np.ndarray:
        """Their items."""
        return self.items[self.events[rows]]

    @cached_property
    def repeats(self) -> np.ndarray:
        """``[R]`` bool: whether the history holds the item."""
        found = np.empty(len(self), bool)
        for rows in pieces(len(self)):
            at = self.events[rows]
            found[rows] = self.clicks.are_within(
                self.items[at], self.start[at], self.end[at]
            )
        return found

    def are_known(self, rows: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Whether the row's history, or another event of its time, has the item.

        Later clicks do not count: a rule that knew of them would keep what users come
        to click, popular items above all, out of the negatives.
        """
        at = self.events[rows]
        known = self.clicks.are_within(items, self.start[at], self.until[at])
        return known | (items == self.items[at])
