"""Columns of a raw item table, read only by the step that uses them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandera.pandas import DataFrameSchema

from mmctr.data.column_kinds import TEXTS, is_any, is_list, value_type
from mmctr.data.columns import vector_column
from mmctr.data.datasets.raw_file import RawFile, read_raw_file
from mmctr.data.datasets.raw_folder import RawFolder
from mmctr.data.raw_schemas import raw_column
from mmctr.data.reading.contents import joined_texts, read_vectors
from mmctr.data.reading.damage import describe_local_damage

logger = logging.getLogger(__name__)


class ContentReader(Protocol):
    """Reads columns of an item table, by our names."""

    def read_texts(self, name: str) -> list[str]:
        """Read a column of text, see :meth:`ItemContents.texts`."""

    def read_vectors(self, name: str, item_ids: list[Any]) -> np.ndarray:
        """Read a column of vectors, see :meth:`ItemContents.vectors`."""


@dataclass(frozen=True)
class ItemContents:
    """A source's item table: its ids, and columns that are read when asked for.

    Attributes:
        item_ids: The source's own ids, ``n_items`` of them, in its order.
        types: Arrow type of every column, categories decoded, by our name.
        source: Reads them.
    """

    item_ids: list[Any]
    types: dict[str, pa.DataType]
    source: ContentReader

    def is_text(self, name: str) -> bool:
        """Whether a column has text, or lists of text."""
        found = self.types[name]
        found = found.value_type if is_list(found) else found
        return is_any(found, TEXTS) or pa.types.is_null(found)

    def is_vectors(self, name: str) -> bool:
        """Whether a column has lists of numbers."""
        found = self.types[name]
        return is_list(found) and not self.is_text(name)

    def texts(self, name: str) -> list[str]:
        """Read a column of text; lists of texts become one, joined by commas."""
        return self.source.read_texts(name)

    def vectors(self, name: str) -> np.ndarray:
        """Read a column of vectors, ``[n_items, d]`` float32.

        Raises:
            ValueError: Naming file, column and rows of what is wrong.
        """
        return self.source.read_vectors(name, self.item_ids)


class RawItemContents(RawFolder[ItemContents]):
    """Read columns of the source's item table; never write."""

    def __init__(
        self,
        *,
        path: str,
        file: str,
        names: Mapping[str, str] | None = None,
        further: Sequence[str] = (),
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Point at the table.

        Args:
            path: The source's folder.
            file: The item table below it; row i is item i + 1.
            names: Our names of columns to the file's, where these differ.
            further: Tables below it that may be there, with more columns by
                ``item_id``, in any order.
            metadata: For plugins such as kedro-viz; not used here.
        """
        super().__init__(path=path, metadata=metadata)
        self._file = file
        self._names = dict(names or {})
        self._further = list(further)

    def load(self) -> ItemContents:
        """Read ids and types.

        Raises:
            FileNotFoundError: Naming the missing file.
            ValueError: Naming file, column and rows of what is wrong.
        """
        item_ids = self._read(self._file)["item_id"].to_pylist()
        ours = {theirs: name for name, theirs in self._names.items()}
        columns = self._columns()
        types = {ours.get(name, name): held for name, (_, held) in columns.items()}
        read = {file for file, _ in columns.values()}
        for file in self._further:
            if (self._path / file).is_file() and file not in read:
                logger.warning(
                    "%s: has no column 'item_id', so its columns are not used",
                    self._path / file,
                )
        return ItemContents(item_ids, types, self)

    def read_texts(self, name: str) -> list[str]:
        """Read a column of text, see :meth:`ItemContents.texts`."""
        file, table = self._read_column(name, "tags")
        texts = joined_texts(table.column(-1))
        if file == self._file:
            return texts
        item_ids = self._read(self._file)["item_id"].to_pylist()
        rows = _rows_of(item_ids, table, self._path / file)
        return [texts[x] if x >= 0 else "" for x in rows]

    def read_vectors(self, name: str, item_ids: list[Any]) -> np.ndarray:
        """Read a column of vectors, see :meth:`ItemContents.vectors`."""
        file, table = self._read_column(name, "vectors")
        path, column = str(self._path / file), table.column_names[-1]
        if file == self._file:
            return vector_column(table, column, path, item_ids)
        own_ids = table["item_id"].to_pylist()
        found, _ = read_vectors(table[column], column, path, own_ids)
        rows = _rows_of(item_ids, table, self._path / file)
        vectors = np.zeros((len(rows), found.shape[1]), np.float32)
        vectors[rows >= 0] = found[rows[rows >= 0]]
        return vectors

    def layout(self) -> dict[str, RawFile]:
        """The files and the one column that they need."""
        columns = DataFrameSchema({"item_id": raw_column("id", None, "")})
        further = {name: RawFile(needed=False) for name in self._further}
        return {self._file: RawFile(columns), **further}

    def _columns(self) -> dict[str, tuple[str, pa.DataType]]:
        """File and type of every column, of the first file that has it."""
        found: dict[str, tuple[str, pa.DataType]] = {}
        there = [x for x in self._further if (self._path / x).is_file()]
        for file in (self._file, *there):
            try:
                schema = pq.read_schema(self._path / file)
            except Exception as error:  # Arrow raises many kinds at damaged bytes
                damage = describe_local_damage(self._path / file, error)
                raise ValueError(damage) from error
            if "item_id" in schema.names:
                for each in schema:
                    found.setdefault(each.name, (file, value_type(each.type)))
        return found

    def _read_column(self, name: str, kind: str) -> tuple[str, pa.Table]:
        """The file that has a column, and the column, behind ids in further files."""
        column = self._names.get(name, name)
        file, _ = self._columns()[column]
        columns = {column: raw_column(kind, None, "")}
        if file != self._file:
            columns = {"item_id": raw_column("id", None, "", unique=True), **columns}
        return file, read_raw_file(self._path / file, DataFrameSchema(columns))


def _rows_of(item_ids: list[Any], table: pa.Table, path: Path) -> np.ndarray:
    """``[n_items]`` rows of the items in a further table; -1 where it has none.

    Raises:
        ValueError: If it has none at all, as where ids are numbers and texts.
    """
    theirs = table["item_id"].to_pylist()
    rows = pd.Index(theirs).get_indexer(pd.Index(item_ids))
    if (rows < 0).all():
        raise ValueError(
            f"{path}: column 'item_id' has none of the {len(item_ids):,} items; "
            f"expected ids such as {item_ids[0]!r}, got {theirs[:3]}; write the same "
            "ids"
        )
    return rows
