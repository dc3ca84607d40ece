"""The rows of a part: as arrays, and as tables that are made a piece at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mmctr.data.datasets import TablePieces
from mmctr.data.fields.log_columns import RowsOfLog
from mmctr.data.fields.log_fields import LogFields
from mmctr.data.preparation.histories import Histories
from mmctr.data.preparation.numbered_log import NumberedLog
from mmctr.data.preparation.report import PartColumns
from mmctr.data.preparation.tables import list_array, rows_table
from mmctr.runtime.jagged import take_ranges

PIECE_ITEMS = 1 << 24
"""Items of all histories of a piece, about; each takes 16 bytes while it is made."""

PIECE_ROWS = 1 << 20
"""Rows of a piece, at most."""

AUDITED_ROWS = 1_000_000
"""Rows of a part that are audited, about; those of some users, if there are more."""


@dataclass(frozen=True)
class PartRows:
    """Rows of a part in time order: of each event, its own and those drawn for it.

    Attributes:
        log: The log.
        histories: Of its events.
        levels: ``[n_items]`` likes and views levels.
        events: ``[E]`` places in the log.
        items: ``[E, width]`` targets; ``width`` rows per event.
        labels: ``[E, width]`` int8.
        as_of: ``[E]`` int64, unix seconds.
        groups: ``[E]`` group of the event's rows.
        weights: ``[E]`` float32; None where rows have none.
        group_sizes: ``[events]`` rows of each event's group in the log; None where
            there are ``width``, or where nobody asks.
        fields: What encodes the fields of users and rows; None where they have none.
        all_events: Places of these events and of those that a parameter left out; None
            if there are no others.
    """

    log: NumberedLog
    histories: Histories
    levels: tuple[np.ndarray, np.ndarray]
    events: np.ndarray
    items: np.ndarray
    labels: np.ndarray
    as_of: np.ndarray
    groups: np.ndarray
    weights: np.ndarray | None = None
    all_events: np.ndarray | None = None
    group_sizes: np.ndarray | None = None
    fields: LogFields | None = None

    @property
    def eligible(self) -> np.ndarray:
        """Places of the events that could be in the rows."""
        return self.events if self.all_events is None else self.all_events

    @property
    def width(self) -> int:
        """Rows per event."""
        return self.items.shape[1]

    def table_of(self, places: slice | np.ndarray) -> pa.Table:
        """The rows of some of the events ``[E]``."""
        events = self.events[places]
        each = np.repeat(events, self.width)
        items = self.items[places].reshape(-1)
        start, end = self.histories.start[each], self.histories.end[each]
        history = take_ranges(self.histories.items, start, end)
        columns = {
            "user_id": self.log.user_ids.take(pa.array(self.log.user[each])),
            "group_id": np.repeat(self.groups[places], self.width),
            "item_id": items,
            "item_seq": list_array(history),
            "timestamp": self.log.timestamp[each],
            "as_of": np.repeat(self.as_of[places], self.width),
            "likes_level": self.levels[0][items - 1],
            "views_level": self.levels[1][items - 1],
            "label": self.labels[places].reshape(-1),
        }
        if self.weights is not None:
            columns["weight"] = np.repeat(self.weights[places], self.width)
        table = rows_table(columns)
        if self.fields is None:
            return table
        of_rows = np.repeat(self.as_of[places], self.width)
        encoded = self.fields.rows(self._made_of(each, items, of_rows))
        for column, values in zip(encoded.schema, encoded.columns, strict=True):
            table = table.append_column(column, values)
        return table

    def eligible_pieces(self) -> Iterator[RowsOfLog]:
        """What rows are made of, some at a time: those left out by a draw too."""
        step = max(PIECE_ROWS // self.width, 1)
        for start in range(0, len(self.eligible), step):
            places = slice(start, start + step)
            each = np.repeat(self.eligible[places], self.width)
            if self.all_events is None:
                items, as_of = self.items[places].reshape(-1), self.as_of[places]
            else:
                items, as_of = self.log.item[each], self.log.timestamp[each]
            yield self._made_of(each, items, np.repeat(as_of, self.width))

    def _made_of(
        self, each: np.ndarray, items: np.ndarray, as_of: np.ndarray
    ) -> RowsOfLog:
        sizes = self.group_sizes
        return RowsOfLog(
            event=self.log.file_row[each],
            item=items,
            timestamp=self.log.timestamp[each],
            as_of=as_of,
            group_size=np.full(len(each), self.width) if sizes is None else sizes[each],
        )

    def table(self) -> pa.Table | TablePieces:
        """All rows; in pieces if they are many."""
        count = len(self.events)
        rows = count * self.width
        pieces = max(-(-rows // PIECE_ROWS), -(-self._history_items // PIECE_ITEMS), 1)
        if pieces == 1:
            return self.table_of(slice(0, count))
        return TablePieces(count, -(-count // pieces), self.table_of)

    def audited(self) -> pa.Table:
        """All rows, or those of some users, whom their hashes choose."""
        share = AUDITED_ROWS / max(self.items.size, 1)
        if share >= 1:
            return self.table_of(slice(0, len(self.events)))
        chosen = self.log.user_hashes < np.uint64(share * 2**64)
        places = np.flatnonzero(chosen[self.log.user[self.events]])
        return self.table_of(places)

    def columns(self) -> PartColumns:
        """What the report counts."""
        n_users, n_items = len(self.log.user_ids), len(self.levels[0])
        users = np.bincount(self.log.user[self.events], minlength=n_users) > 0
        return PartColumns(
            rows=self.items.size,
            positives=int(self.labels.sum()),
            groups=_count_different(self.groups),
            users=users,
            targets=np.bincount(self.items.reshape(-1), minlength=n_items + 1),
            mean_history=self._history_items / max(self.items.size, 1),
        )

    def items_seen(self) -> np.ndarray:
        """Items that are a target or in a history: bool ``[n_items + 1]``."""
        changes = np.zeros(len(self.histories.items) + 1, np.int32)
        size = len(changes)
        changes += np.bincount(
            self.histories.start[self.events], minlength=size
        ).astype(np.int32)
        changes -= np.bincount(self.histories.end[self.events], minlength=size).astype(
            np.int32
        )
        seen = np.zeros(len(self.levels[0]) + 1, bool)
        seen[self.histories.items[np.cumsum(changes[:-1]) > 0]] = True
        seen[self.items] = True
        return seen

    @property
    def _history_items(self) -> int:
        """Items of all rows' histories."""
        lengths = self.histories.lengths[self.events]
        return int(lengths.sum(dtype=np.int64)) * self.width


def _count_different(values: np.ndarray) -> int:
    """How many different whole numbers from 0 there are."""
    seen = np.zeros(int(values.max(initial=-1)) + 1, bool)
    seen[values] = True
    return int(seen.sum())
