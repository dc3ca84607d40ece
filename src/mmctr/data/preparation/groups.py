"""Rows of a log of impressions that are compared with each other."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

SAME_IMPRESSION_SECONDS = 3_600
"""Rows of one impression id and user that are further apart are two impressions."""

BY_IMPRESSION, BY_TIME, BY_USER = "impression_id", "user_id and timestamp", "user_id"
OF_CLICKS = "a click and its negatives"

# Share of the rows that must share user and time with another for those to be groups.
_SHARED = 0.5

# Train, valid, test, and what comes before the log.
_PARTS = 4


@dataclass(frozen=True)
class Groups:
    """The group of each row of a log.

    Attributes:
        kind: What makes a group: :data:`BY_IMPRESSION`, :data:`BY_TIME` or
            :data:`BY_USER`.
        number: ``[rows]`` int32, from 0; of :data:`BY_USER` before the parts are known,
            of the user, in the order of their first rows.
        moment: ``[rows]`` int64, the group's first timestamp.
        split_ids: Impression ids that stand for several groups, by cause.
    """

    kind: str
    number: np.ndarray
    moment: np.ndarray
    split_ids: dict[str, int]

    def within(self, part: np.ndarray) -> np.ndarray:
        """Number each row's group ``[rows]`` int32, given its part.

        A user's rows of two parts are two groups: no group is in two parts. Earlier
        clicks, of part -1, are numbered last.
        """
        if self.kind != BY_USER:
            return self.number
        size = int(self.number.max(initial=0)) + 1
        key = (part.astype(np.int64) % _PARTS) * size + self.number
        is_there = np.zeros(_PARTS * size, np.int32)
        is_there[key] = 1
        return (np.cumsum(is_there, dtype=np.int32) - 1)[key]

    def among(self, in_log: np.ndarray, timestamp: np.ndarray) -> Self:
        """The same groups where other events are between their rows.

        Args:
            in_log: ``[events]`` bool, which events are the rows.
            timestamp: ``[events]`` int64.

        Returns:
            The groups; all other events have one number, after the last.
        """
        other = self.number.max(initial=-1) + 1
        number = np.full(len(in_log), other, self.number.dtype)
        moment = timestamp.copy()
        number[in_log], moment[in_log] = self.number, self.moment
        return replace(self, number=number, moment=moment)


def find_groups(
    user: np.ndarray, timestamp: np.ndarray, impression: np.ndarray | None
) -> Groups:
    """Find the groups: by impression id, else by user and time, else by user.

    Args:
        user: ``[rows]`` codes; rows of one user, time and impression must be next to
            each other.
        timestamp: ``[rows]`` int64, ascending.
        impression: ``[rows]`` codes from 0, -1 where a row has no id and is a group of
            its own; None where the log has no such column.
    """
    starts = np.ones(len(user), bool)
    starts[1:] = (user[1:] != user[:-1]) | (timestamp[1:] != timestamp[:-1])
    if impression is None:
        alone = int((starts & np.append(starts[1:], True)).sum())
        if len(user) - alone < _SHARED * len(user):
            return Groups(BY_USER, _by_first(user), timestamp, {})
        return Groups(BY_TIME, _number(starts), timestamp, {})
    starts[1:] |= (impression[1:] != impression[:-1]) | (impression[1:] < 0)
    number = _number(starts)
    first = np.flatnonzero(starts)
    runs = impression[first]
    again = np.flatnonzero((np.bincount(runs + 1)[runs + 1] > 1) & (runs >= 0))
    if not again.size:
        return Groups(BY_IMPRESSION, number, timestamp, {})
    rows = first[again]
    order = np.lexsort((timestamp[rows], user[rows], runs[again]))
    again, rows = again[order], rows[order]
    new_id, new_user = (
        np.diff(each, prepend=each[:1] - 1) != 0 for each in (runs[again], user[rows])
    )
    far = np.diff(timestamp[rows], prepend=0) > SAME_IMPRESSION_SECONDS
    heads = np.flatnonzero(new_id | new_user | far)
    head = np.repeat(again[heads], np.diff(heads, append=len(again)))
    group = np.arange(len(first))
    group[again] = head
    is_head = group == np.arange(len(first))
    dense = (np.cumsum(is_head) - 1).astype(np.int32)
    return Groups(
        BY_IMPRESSION,
        dense[group][number],
        timestamp[first[group]][number],
        {
            "of_several_users": int(np.unique(runs[again][new_user & ~new_id]).size),
            "far_apart_in_time": int(
                np.unique(runs[again][far & ~new_user & ~new_id]).size
            ),
        },
    )


def _by_first(user: np.ndarray) -> np.ndarray:
    """Number the users by their first rows, whatever their codes."""
    return pd.factorize(user)[0].astype(np.int32)


def _number(starts: np.ndarray) -> np.ndarray:
    return np.cumsum(starts, dtype=np.int32) - 1
