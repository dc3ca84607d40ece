"""A log to be scored: its rows a piece at a time, its small tables whole."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa

from mmctr.data.fields.levels_and_tags import STATED_LEVELS
from mmctr.data.reading.events import history_rows
from mmctr.data.reading.ids import id_values
from mmctr.data.reading.items import read_items, read_users
from mmctr.data.reading.labels import LABEL, read_label
from mmctr.data.reading.location import TABLES, LogFolder, remote_hashes
from mmctr.data.reading.names import looks_like_a_label
from mmctr.data.reading.notes import NoNotes, Notes
from mmctr.data.reading.params import ReadingParams, TimeUnit
from mmctr.data.reading.row_pieces import RowPieces
from mmctr.data.reading.tables import OpenTable, Role, open_table
from mmctr.data.reading.times import read_times, unit_of
from mmctr.runtime.hashing import content_hash

ROWS = "interactions"
"""The table whose rows are scored."""

NO_LABEL = -1
"""Label of a row that has none."""


@dataclass(frozen=True)
class ScoredRows:
    """Some rows of the log.

    Attributes:
        raw: ``[R]`` all columns by the project's names, values as the files have them.
        users: ``[R]`` int64 or string.
        items: ``[R]`` int64 or string.
        labels: ``[R]`` int8: 1, 0 or :data:`NO_LABEL`; None: there is no such column.
        times: ``[R]`` int64, unix seconds; None without.
        fractions: ``[R]`` float64, the rest of the second.
    """

    raw: pa.Table
    users: pa.ChunkedArray
    items: pa.ChunkedArray
    labels: np.ndarray | None
    times: np.ndarray | None
    fractions: np.ndarray


@dataclass(frozen=True)
class ScoredLog:
    """The tables of a log that is to be scored; only the rows must be there.

    Attributes:
        tables: By name.
        params: How they are read.
        notes: Take what is recognised.
    """

    tables: dict[str, OpenTable]
    params: ReadingParams
    notes: Notes

    @classmethod
    def open(cls, path: str, params: ReadingParams) -> Self:
        """Find the tables and check their columns; no row is read.

        Args:
            path: The folder, on this machine or remote.
            params: How it is read.

        Raises:
            FileNotFoundError: If there are no rows.
            ValueError: Naming every column that is missing or of a wrong type.
        """
        folder = LogFolder(path, "log")
        found = {
            name: open_table(folder, name, None, params, (ROWS,)) for name in TABLES
        }
        tables = {name: table for name, table in found.items() if table is not None}
        rows = tables[ROWS]
        # Rows may be scored as of now.
        tables[ROWS] = replace(rows, roles={**rows.roles, "timestamp": Role("time")})
        if problems := [text for each in tables.values() for text in each.problems()]:
            raise ValueError("; ".join(problems))
        return cls(tables, params, Notes(folder.place))

    @property
    def rows(self) -> OpenTable:
        """The table whose rows are scored."""
        return self.tables[ROWS]

    @cached_property
    def _pieces(self) -> RowPieces:
        return RowPieces(self.rows)

    @property
    def column_names(self) -> list[str]:
        """Its columns, by the project's names."""
        return list(self.rows.names.taken)

    @property
    def label(self) -> str | None:
        """The column that is the label; None without."""
        name = self.params.label.column or LABEL
        return name if name in self.column_names else None

    def count_rows(self) -> int:
        """How many rows there are."""
        return self._pieces.count()

    def hashes(self) -> dict[str, str]:
        """Tell the files' versions: hashes of their content, or what a store says."""
        found: dict[str, str] = {}
        for table in self.tables.values():
            raw = table.raw
            if raw.is_local:
                found |= {raw.short_label(x): content_hash(Path(x)) for x in raw.files}
            else:
                found |= remote_hashes(raw)
        return found

    def note_columns(self) -> None:
        """Say which column is the label, and which only look like one."""
        if self.label is not None:
            self.notes.tell(f"{self.rows.where(self.label)} is the label")
        if self.params.keep:
            self.notes.warn(
                "preparation.reading.keep is ignored: every row of a log is scored"
            )
        for name in self.column_names:
            is_known = name in (self.label, *STATED_LEVELS)
            if not is_known and looks_like_a_label(name):
                self.notes.warn(
                    f"{self.rows.where(name)} looks like a label; it is none unless "
                    f"it is named: --params preparation.reading.label.column={name}"
                )

    def pieces(
        self, size: int, first: int = 0, *, only: Collection[str] | None = None
    ) -> Iterator[ScoredRows]:
        """Read the rows in their order; see :class:`RowPieces`.

        Args:
            size: Rows per piece.
            first: Number of the first piece that is asked for.
            only: Columns beside ids, times and labels; None: all.

        Raises:
            ValueError: Naming file, column and rows of what is wrong.
        """
        known = ["user_id", "item_id", "timestamp", "impression_id", self.label or ""]
        names = None if only is None else [*known, *only]
        unit = self._time_unit(self._pieces)
        for number, raw in enumerate(self._pieces.read(size, first, names), first):
            with _counted_from(number * size):
                rows = self._rows(raw, unit)
            yield rows

    def read_users(self, only: Collection[str]) -> pa.Table:
        """Read the table of users, which must be there.

        Args:
            only: Columns beside ``user_id``.
        """
        return read_users(self.tables["users"], only)

    def read_items(self) -> pa.Table | None:
        """Read the items: ``item_id``, ``title`` and their other columns."""
        if "items" not in self.tables:
            return None
        return read_items(self.tables["items"], None, self.params, self.notes)[0]

    def history_pieces(self, size: int) -> Iterator[pa.Table]:
        """Read earlier clicks, see :func:`mmctr.data.reading.events.history_rows`.

        Args:
            size: Rows of the file per piece, which may be lists of clicks.

        Raises:
            ValueError: Naming file, column and rows of what is wrong.
        """
        if "history" not in self.tables:
            return
        table = self.tables["history"]
        pieces = RowPieces(table)
        params = self.params.model_copy(update={"time_unit": self._time_unit(pieces)})
        for number, rows in enumerate(pieces.read(size)):
            with _counted_from(number * size):
                clicks, _ = history_rows(table, rows, params, NoNotes(), is_whole=False)
            yield clicks

    def _time_unit(self, pieces: RowPieces) -> TimeUnit:
        """The unit of all times, by the first rows."""
        unit, table = self.params.time_unit, pieces.table
        if "timestamp" not in table.names.taken:
            return unit
        for rows in pieces.read(1 << 16, 0, ["timestamp"]):
            column = pa.chunked_array(rows["timestamp"].chunks).drop_null()
            return unit_of(column, unit, table.where("timestamp"))
        return unit

    def _rows(self, raw: pa.Table, unit: str) -> ScoredRows:
        count = raw.num_rows
        times, fractions = None, np.zeros(count)
        if "timestamp" in raw.column_names:
            where, params = self.rows.where("timestamp"), self.params
            form, zone = params.time_format, params.time_zone
            read = read_times(raw["timestamp"], unit, where, form, zone)
            times = read.seconds.to_numpy()
            if read.fraction is not None:
                fractions = read.fraction.to_numpy()
        users, items = (
            id_values(raw[name], self.rows.where(name))
            for name in ("user_id", "item_id")
        )
        return ScoredRows(raw, users, items, self._labels(raw), times, fractions)

    def _labels(self, raw: pa.Table) -> np.ndarray | None:
        if self.label is None:
            return None
        column, rules = raw[self.label], self.params.label
        there = column.is_valid()
        values, where = column.filter(there), self.rows.where(self.label)
        if len(values):
            read = read_label(values, rules, where, is_whole=False)
        else:
            read = pa.array([], pa.int8())
        labels = np.full(raw.num_rows, NO_LABEL, np.int8)
        labels[there.to_numpy()] = np.asarray(read)
        return labels


@contextmanager
def _counted_from(row: int) -> Iterator[None]:
    """Say where the rows that an error names are counted from."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{error} (counted in rows from {row:,} on)") from error
