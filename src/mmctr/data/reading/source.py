"""What reading a log gives to preparation."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class ReadColumn:
    """A column of a raw file and what it was taken for.

    Attributes:
        table: ``interactions``, ``items``, ``users`` or ``history``.
        file: Name of the file, or of the folder of files.
        column: Its name in the file.
        role: The project's name for it; None for a column that is passed on under its
            own name, without a meaning of its own.
        why: For a column that is not read, the reason; empty otherwise.
    """

    table: str
    file: str
    column: str
    role: str | None
    why: str = ""


@dataclass(frozen=True)
class LogSource:
    """A log, its items, and what else is known of users and earlier clicks.

    Attributes:
        log: One row per event, in file order: ``user_id`` and ``item_id`` (int64 or
            string), ``timestamp`` (int64, unix seconds) and, where the log has them,
            ``timestamp_fraction`` (float64, the rest of the second, 0 to below 1),
            ``label`` (int8, 0 or 1), ``impression_id`` (int64 or string) and any other
            column, as the file has it.
        items: One row per item, in file order: ``item_id`` (of the log's type),
            ``title`` (string, empty where there is none) and, where the file has them,
            ``tags`` (lists of strings), ``likes`` and ``views`` (float64, null where
            unknown) and any other column.
        users: One row per user: ``user_id`` and any other column; None without.
        history: Clicks before the log: ``user_id``, ``item_id`` and, maybe,
            ``timestamp`` and ``timestamp_fraction``, which orders clicks without a
            time too; None without.
        image_vectors: ``[n_items, width]`` float32; width 0 where there are none.
        read: Every column of the files.
        notes: What was recognised, and what is unusual, a sentence each.
        clock: Whether ``timestamp`` is a time; where not, it only tells an order.
    """

    log: pa.Table
    items: pa.Table
    image_vectors: np.ndarray
    users: pa.Table | None = None
    history: pa.Table | None = None
    read: tuple[ReadColumn, ...] = ()
    notes: tuple[str, ...] = ()
    clock: bool = True

    def file(self, table: str) -> str:
        """Name the file, or the folder of files, of a table."""
        files = (each.file for each in self.read if each.table == table)
        return next(files, f"{table}.parquet")

    def hand_over(self) -> Self:
        """Give the source away: this object keeps no row of the log.

        A node's inputs are held until its outputs are saved; a log of 100 million
        events takes gigabytes that long otherwise.
        """
        source = replace(self)
        object.__setattr__(self, "log", self.log.schema.empty_table())
        return source

    def without(self, names: set[str]) -> Self:
        """The source, where some columns of the log have names and no values."""
        log = self.log
        for place, name in enumerate(log.column_names):
            if name in names:
                log = log.set_column(place, name, pa.nulls(len(log)))
        return replace(self, log=log)
