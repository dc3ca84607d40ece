"""A log in numbers: users, items and times as arrays, in time order."""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import pyarrow as pa

from mmctr.data.preparation.groups import Groups, find_groups

HISTORY = -1
"""File row of clicks that come before the log: they are in histories only."""


@dataclass(frozen=True)
class NumberedLog:
    """Events in time order, each array ``[events]``.

    Events of one time are in the order of hashes of the seed and their ids, whatever
    their order in the file.

    Attributes:
        user: int32 places in ``user_ids``.
        item: int32, 1..n_items.
        timestamp: int64, unix seconds.
        file_row: Row of the log's file; :data:`HISTORY` for earlier clicks.
        label: int8, 1 for a click; None for a log of clicks.
        impression: int32 code of the impression's id, -1 without; None where the log
            has no such column.
        user_ids: The users' own ids.
        user_hashes: ``[users]`` uint64.
        item_hashes: ``[n_items + 1]`` uint64, by item.
        unknown: Items that are not known, from
            :func:`mmctr.data.preparation.unknown.raise_or_warn`.
        read: Rows of the log's file, with unknown items too.
        copies: Those that equal the one before them; of clicks they are left out.
        unknown_rows: Those of unknown items.
        unknown_items: How many different ones.
        clock: Whether the timestamps are times; where not, they only tell an order.
    """

    user: np.ndarray
    item: np.ndarray
    timestamp: np.ndarray
    file_row: np.ndarray
    label: np.ndarray | None
    impression: np.ndarray | None
    user_ids: pa.Array
    user_hashes: np.ndarray
    item_hashes: np.ndarray
    unknown: dict[str, object]
    read: int
    copies: int
    unknown_rows: int
    unknown_items: int
    clock: bool

    def __len__(self) -> int:
        """How many events there are."""
        return len(self.user)

    def take(self, places: np.ndarray) -> Self:
        """Some of the events, or all in another order."""
        arrays = {
            field.name: getattr(self, field.name)[places]
            for field in fields(self)[:6]
            if getattr(self, field.name) is not None
        }
        return replace(self, **arrays)

    @property
    def in_log(self) -> np.ndarray:
        """``[events]`` bool: not from before the log."""
        return self.file_row != HISTORY

    def log_times(self) -> np.ndarray:
        """Timestamps of the events that are not from before the log, ascending."""
        return self.timestamp if self.in_log.all() else self.timestamp[self.in_log]

    def has_events(self) -> np.ndarray:
        """``[users]`` bool: which users have events in the log."""
        found = np.zeros(len(self.user_ids), bool)
        found[self.user if self.in_log.all() else self.user[self.in_log]] = True
        return found

    @property
    def n_items(self) -> int:
        """Items of the item table."""
        return len(self.item_hashes) - 1

    def count_users(self) -> int:
        """How many users have events in the log."""
        return int(self.has_events().sum())

    def count_items(self) -> int:
        """How many items have events in the log."""
        found = np.zeros(len(self.item_hashes), bool)
        found[self.item if self.in_log.all() else self.item[self.in_log]] = True
        return int(found.sum())

    def groups(self) -> Groups:
        """The groups of the rows of impressions, whatever came before the log."""
        rows = self if self.in_log.all() else self.take(self.in_log)
        groups = find_groups(rows.user, rows.timestamp, rows.impression)
        return groups if rows is self else groups.among(self.in_log, self.timestamp)
