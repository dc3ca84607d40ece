"""Your own log: its events, items, users and earlier clicks, read and checked."""

import json
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.data.column_kinds import value_type
from mmctr.data.datasets.raw_item_contents import ItemContents
from mmctr.data.datasets.raw_log import RawLog
from mmctr.data.reading.contents import joined_texts, read_vectors
from mmctr.data.reading.location import TABLES, LogFolder, RawTable
from mmctr.data.reading.log import read_item_ids, read_log
from mmctr.data.reading.source import LogSource
from mmctr.data.reading.tables import OpenTable, open_tables
from mmctr.runtime.hashing import combined_hash


class InteractionLog(RawLog[LogSource]):
    """Read the tables of a log's folder, whatever their form; never write."""

    def load(self) -> LogSource:
        """Read and check all tables; see :func:`mmctr.data.reading.log.read_log`."""
        return read_log(self._path, self._image_column, self.params)


class LogItemContents(RawLog[ItemContents]):
    """Read columns of a log's items, those that are asked for; never write."""

    def load(self) -> ItemContents:
        """Read ids and types.

        Raises:
            FileNotFoundError: Naming the missing file.
            ValueError: Naming file, column and rows of what is wrong.
        """
        opened = self._opened()
        items = opened["items"]
        types = {
            name: value_type(items.schema.field(theirs).type)
            for name, theirs in items.names.taken.items()
        }
        return ItemContents(read_item_ids(opened), types, self)

    def reading_hashes(self) -> dict[str, str]:
        """Hashes of the parameters that say which column of the file is which."""
        params = self.params.model_dump(include={"columns", "ignore_columns"})
        return {
            f"preparation.reading.{name}": combined_hash({"": json.dumps(value)})
            for name, value in params.items()
        }

    def read_texts(self, name: str) -> list[str]:
        """Read a column of text, see :meth:`ItemContents.texts`."""
        return joined_texts(self._opened()["items"].read([name])[name])

    def read_vectors(self, name: str, item_ids: list[Any]) -> np.ndarray:
        """Read a column of vectors, see :meth:`ItemContents.vectors`."""
        items = self._opened()["items"]
        column: pa.ChunkedArray = items.read([name])[name]
        return read_vectors(column, items.names.taken[name], items.place, item_ids)[0]

    def _read_tables(self) -> list[RawTable]:
        # In files without types all ids together tell whether they are numbers.
        found = {table.table: table for table in self._found()}
        items = found.get("items")
        if items is not None and items.is_typed:
            return [items]
        return [found[name] for name in TABLES if name in found and name != "users"]

    def _opened(self) -> dict[str, OpenTable]:
        return open_tables(LogFolder(self._path), None, self.params)
