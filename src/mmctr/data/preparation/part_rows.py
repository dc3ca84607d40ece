"""The rows of a part: as arrays, and as tables that are made a piece at a time."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from mmctr.data.datasets import TablePieces
from mmctr.data.fields.log_columns import RowsOfLog
from mmctr.data.fields.log_fields import LogFields
from mmctr.data.preparation.earlier_clicks import EarlierClicks
from mmctr.data.preparation.histories import Histories
from mmctr.data.preparation.numbered_log import NumberedLog
from mmctr.data.preparation.report import PartColumns
from mmctr.data.preparation.tables import list_array, rows_table
from mmctr.runtime.jagged import take_ranges

PIECE_ITEMS = 1 << 24
"""Items of all histories of a piece, about; each takes 16 bytes while it is made."""

PIECE_ROWS = 1 << 20
"""Rows of a piece, at most."""

AUDITED_ROWS, AUDITED_ITEMS = 1_000_000, 1 << 23
"""Rows of a part that are audited, about, and items of their histories; those of some
users, if there are more."""

Places = slice | np.ndarray


class Targets(NamedTuple):
    """Rows of some events: ``[k, width]`` items and labels, ``[k]`` times and groups.

    ``as_of``, unix seconds, tells before when events are known to the rows.
    """

    items: np.ndarray
    labels: np.ndarray
    as_of: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True, kw_only=True)
class PartRows(ABC):
    """Rows of a part in time order: of each event, its own and those drawn for it.

    Attributes:
        log: The log.
        histories: Of its events.
        events: ``[E]`` int32 places in the log.
        width: Rows per event.
        weights: ``[E]`` float32; None where rows have none.
        group_sizes: ``[events]`` rows of each event's group in the log; None where
            there are ``width``, or where nobody asks.
        clicks: Of all users, for fields of the earlier ones; None where nobody asks.
        fields: What encodes the fields of users and rows; None where they have none.
    """

    log: NumberedLog
    histories: Histories
    events: np.ndarray
    width: int
    weights: np.ndarray | None = None
    group_sizes: np.ndarray | None = None
    clicks: EarlierClicks | None = None
    fields: LogFields | None = None

    @abstractmethod
    def targets(self, places: Places) -> Targets:
        """What is shown in the rows of some of the events ``[E]``."""

    @property
    def eligible(self) -> np.ndarray:
        """Places of the events, and of those that a parameter asks to leave out."""
        return self.events

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.events) * self.width

    def table_of(self, places: Places) -> pa.Table:
        """The rows of some of the events ``[E]``."""
        each = np.repeat(self.events[places], self.width)
        found = self.targets(places)
        start, end = self.histories.start[each], self.histories.end[each]
        columns = {
            "user_id": self.log.user_ids.take(pa.array(self.log.user[each])),
            "group_id": np.repeat(found.groups, self.width),
            "item_id": found.items.reshape(-1),
            "item_seq": list_array(take_ranges(self.histories.items, start, end)),
            "timestamp": self.log.timestamp[each],
            "as_of": np.repeat(found.as_of, self.width),
            "label": found.labels.reshape(-1),
        }
        if self.weights is not None:
            columns["weight"] = np.repeat(self.weights[places], self.width)
        table = rows_table(columns)
        if self.fields is None:
            return table
        encoded = self.fields.rows(self._made_of(each, found))
        for column, values in zip(encoded.schema, encoded.columns, strict=True):
            table = table.append_column(column, values)
        return table

    def eligible_pieces(self) -> Iterator[RowsOfLog]:
        """What rows are made of, some at a time: those left out by a draw too."""
        rows = replace(self, events=self.eligible)
        step = max(PIECE_ROWS // self.width, 1)
        for start in range(0, len(rows.events), step):
            places = slice(start, start + step)
            each = np.repeat(rows.events[places], self.width)
            yield self._made_of(each, rows.targets(places))

    def _made_of(self, each: np.ndarray, targets: Targets) -> RowsOfLog:
        sizes = self.group_sizes
        return RowsOfLog(
            event=self.log.file_row[each],
            item=targets.items.reshape(-1),
            timestamp=self.log.timestamp[each],
            as_of=np.repeat(targets.as_of, self.width),
            group_size=np.full(len(each), self.width) if sizes is None else sizes[each],
            clicks=None if self.clicks is None else self.clicks.of(each),
        )

    def table(self) -> pa.Table | TablePieces:
        """All rows; in pieces if they are many."""
        events, items = len(self.events), self._history_items()
        pieces = max(-(-self.count // PIECE_ROWS), -(-items // PIECE_ITEMS), 1)
        if pieces == 1:
            return self.table_of(slice(0, events))
        return TablePieces(events, -(-events // pieces), self.table_of)

    def audited(self) -> pa.Table:
        """All rows, or those of some users, whom their hashes choose."""
        share = min(
            AUDITED_ROWS / max(self.count, 1),
            AUDITED_ITEMS / max(self._history_items(), 1),
        )
        if share >= 1:
            return self.table_of(slice(0, len(self.events)))
        chosen = self.log.user_hashes < np.uint64(share * 2**64)
        places = np.flatnonzero(chosen[self.log.user[self.events]])
        # One user may have many of the rows, with long histories.
        found = replace(self, events=self.events[places])
        step = max(found.count // AUDITED_ROWS, found._history_items() // AUDITED_ITEMS)
        return self.table_of(places[:: step + 1])

    def columns(self) -> PartColumns:
        """What the report counts."""
        n_users, n_items = len(self.log.user_ids), self.log.n_items
        targets = np.zeros(n_items + 1, np.int64)
        groups, positives = np.zeros(len(self.log), bool), 0
        for start in range(0, len(self.events), PIECE_ROWS):
            found = self.targets(slice(start, start + PIECE_ROWS))
            targets += np.bincount(found.items.reshape(-1), minlength=n_items + 1)
            positives += int(found.labels.sum())
            groups[found.groups] = True
        users = np.zeros(n_users, bool)
        users[self.log.user[self.events]] = True
        return PartColumns(
            rows=self.count,
            positives=positives,
            groups=int(groups.sum()),
            users=users,
            targets=targets,
            mean_history=self._history_items() / max(self.count, 1),
        )

    def items_seen(self) -> np.ndarray:
        """Items that are a target or in a history: bool ``[n_items + 1]``."""
        size = len(self.histories.items) + 1
        changes = np.bincount(self.histories.start[self.events], minlength=size)
        changes -= np.bincount(self.histories.end[self.events], minlength=size)
        seen = self.columns().targets > 0
        seen[self.histories.items[np.cumsum(changes[:-1]) > 0]] = True
        return seen

    def _history_items(self) -> int:
        """Items of all rows' histories."""
        total = sum(
            int(each[self.events].sum(dtype=np.int64)) * sign
            for each, sign in ((self.histories.end, 1), (self.histories.start, -1))
        )
        return total * self.width


@dataclass(frozen=True, kw_only=True)
class ClickRows(PartRows):
    """Each click, and its negatives. Its group is the click.

    Attributes:
        negatives: ``[E, width - 1]`` items.
        as_of: ``[E]`` int64.
    """

    negatives: np.ndarray
    as_of: np.ndarray

    def targets(self, places: Places) -> Targets:
        """The click first, then what was drawn for it."""
        events = self.events[places]
        items = np.column_stack([self.log.item[events], self.negatives[places]])
        labels = np.zeros(items.shape, np.int8)
        labels[:, 0] = 1
        return Targets(items, labels, self.as_of[places], events)


@dataclass(frozen=True, kw_only=True)
class ImpressionRows(PartRows):
    """Each impression.

    Attributes:
        labels: ``[events of the log]`` int8.
        groups: ``[events of the log]`` from 0.
        moment: ``[events of the log]`` int64, their group's first timestamp.
        all_events: Places of the events and of negatives that are not kept.
    """

    labels: np.ndarray
    groups: np.ndarray
    moment: np.ndarray
    all_events: np.ndarray

    @property
    def eligible(self) -> np.ndarray:
        """With the negatives that are not kept."""
        return self.all_events

    def targets(self, places: Places) -> Targets:
        """The events themselves."""
        events = self.events[places]
        return Targets(
            self.log.item[events][:, None],
            self.labels[events][:, None],
            self.moment[events],
            self.groups[events],
        )
