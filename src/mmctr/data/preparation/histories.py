"""What each event's user clicked before, as ranges of one array."""

from dataclasses import dataclass

import numpy as np

from mmctr.data.preparation.history_ranges import (
    boundaries,
    history_ranges,
    order_by_user,
    spread,
)
from mmctr.data.preparation.numbered_log import NumberedLog


@dataclass(frozen=True)
class Histories:
    """Histories of the events of a log, in its order.

    Attributes:
        items: ``[clicks]`` int32, sorted by user and time.
        start: ``[events]`` first position of the history in ``items``.
        end: ``[events]`` position after its last.
        until: ``[events]`` position after the user's last click of the same time;
            only of a log of clicks.
    """

    items: np.ndarray
    start: np.ndarray
    end: np.ndarray
    until: np.ndarray | None = None

    def lengths_of(self, events: np.ndarray) -> np.ndarray:
        """How many items the histories of some events have."""
        return self.end[events] - self.start[events]


def find_histories(log: NumberedLog, moment: np.ndarray, max_history: int) -> Histories:
    """Find each event's history: its user's clicks before a moment.

    Args:
        log: Events in time order.
        moment: ``[events]`` int64, an event's timestamp or an earlier one.
        max_history: Most, and newest, items kept.
    """
    order = order_by_user(log.user)
    is_click = None if log.label is None else log.label[order] == 1
    items = log.item[order if is_click is None else order[is_click]]
    new_user, new_time = boundaries(log.user, log.timestamp, order)
    ranges = history_ranges(new_user, new_time, max_history, is_click)
    # Where a click draws negatives, the clicks of its time matter too.
    wanted = ranges if is_click is None else ranges[:2]
    found = [spread(each, new_time, order) for each in wanted]
    early = np.zeros(0, np.int64)
    if moment is not log.timestamp:
        early = np.flatnonzero(moment < log.timestamp)
    if early.size:
        clicks = order if is_click is None else order[is_click]
        found[0][early], found[1][early] = _before(
            (log.user[clicks], log.timestamp[clicks]),
            (log.user[early], moment[early]),
            max_history,
        )
    return Histories(items, *found)


def _before(
    clicks: tuple[np.ndarray, np.ndarray],
    wanted: tuple[np.ndarray, np.ndarray],
    max_history: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Start and end of each user's newest clicks before a moment.

    Args:
        clicks: Users and times ``[clicks]``, sorted by both.
        wanted: Users and moments ``[rows]``.
        max_history: Most clicks.
    """
    times = np.unique(np.concatenate([clicks[1], wanted[1]]))
    keys, ends = (
        users.astype(np.int64) * len(times) + np.searchsorted(times, moments)
        for users, moments in (clicks, wanted)
    )
    end = np.searchsorted(keys, ends)
    return np.maximum(np.searchsorted(clicks[0], wanted[0]), end - max_history), end
