"""Where the histories of a log's events lie among its clicks, sorted by user and time.

A log may have 100 million events, so nothing here is as long but what is returned, and
numbers are no wider than they must be.
"""

import numpy as np

from mmctr.runtime.pieces import pieces
from mmctr.runtime.progress import track_pieces


def order_by_user(users: np.ndarray) -> np.ndarray:
    """Places that sort events in time order by user, then time.

    Args:
        users: ``[events]`` codes from 0.

    Returns:
        ``[events]`` int32 where that is wide enough.
    """
    order = np.empty(len(users), index_type(len(users)))
    counts = np.bincount(users)
    free = np.cumsum(counts) - counts
    for rows in track_pieces("sorting events by user", len(users)):
        places = np.argsort(users[rows], kind="stable")
        sorted_users = users[rows][places]
        first = np.flatnonzero(np.diff(sorted_users, prepend=-1))
        lengths = np.diff(first, append=len(places))
        within = np.arange(len(places)) - np.repeat(first, lengths)
        order[free[sorted_users] + within] = places + rows.start
        free[sorted_users[first]] += lengths
    return order


def boundaries(
    users: np.ndarray, timestamps: np.ndarray, order: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mark the first event of each user, and of each user and time.

    Args:
        users: ``[events]`` codes.
        timestamps: ``[events]`` int64.
        order: ``[events]`` places that sort the events by user and time.

    Returns:
        Two ``[events]`` bool, in that order.
    """
    new_user, new_time = np.ones((2, len(order)), bool)
    for rows in pieces(len(order) - 1):
        before, now = (order[rows.start + i : rows.stop + i] for i in (0, 1))
        target = slice(rows.start + 1, rows.stop + 1)
        new_user[target] = users[now] != users[before]
        new_time[target] = new_user[target] | (timestamps[now] != timestamps[before])
    return new_user, new_time


def history_ranges(
    new_user: np.ndarray,
    new_time: np.ndarray,
    max_history: int,
    is_click: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the histories of each user and time lie among the clicks.

    A history holds the same user's strictly earlier clicks: neither the event itself
    nor one that shares its timestamp.

    Args:
        new_user: ``[events]`` bool, from :func:`boundaries`.
        new_time: The same.
        max_history: Clicks kept, the newest.
        is_click: ``[events]`` bool; None if all are.

    Returns:
        ``[users and times]`` starts and ends, positions among the clicks sorted like
        the events; and the ends of the user's clicks of the same timestamp. Each user
        and time has one place, in order; :func:`spread` gives it to its events.
    """
    count = len(new_user)
    width = index_type(count)
    firsts, ties = np.flatnonzero(new_user), np.flatnonzero(new_time)
    own = firsts[np.searchsorted(firsts, ties, side="right") - 1]
    places: tuple[np.ndarray, ...] = (own, ties, np.append(ties, count)[1:])
    if is_click is not None:
        clicks_before = np.zeros(count + 1, width)
        np.cumsum(is_click, out=clicks_before[1:])
        places = tuple(clicks_before[each] for each in places)
    first, end, until = (each.astype(width) for each in places)
    return np.maximum(first, end - width(min(max_history, count))), end, until


def spread(values: np.ndarray, new_time: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Give a value of each user and time to its events.

    Args:
        values: ``[users and times]``, in order.
        new_time: ``[events]`` bool, from :func:`boundaries`.
        order: ``[events]`` places that sort the events by user and time.

    Returns:
        ``[events]`` of the values' type, in the events' own order.
    """
    found = np.empty(len(order), values.dtype)
    passed = -1
    for rows in track_pieces("finding histories", len(order)):
        at = passed + np.cumsum(new_time[rows])
        found[order[rows]] = values[at]
        passed = int(at[-1])
    return found


def index_type(count: int) -> type[np.signedinteger]:
    """The narrowest type of places among so many."""
    return np.int32 if count < 2**31 else np.int64
