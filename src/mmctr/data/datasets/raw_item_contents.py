"""Columns of a raw item table, read only by the step that uses them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pandera.pandas import DataFrameSchema

from mmctr.data.column_kinds import TEXTS, is_any, is_list
from mmctr.data.columns import vector_column
from mmctr.data.datasets.raw_file import RawFile, read_raw_file
from mmctr.data.datasets.raw_folder import RawFolder
from mmctr.data.raw_schemas import raw_column
from mmctr.data.reading.contents import joined_texts
from mmctr.data.reading.values import value_type


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
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Point at the table.

        Args:
            path: The source's folder.
            file: The item table below it; row i is item i + 1.
            names: Our names of columns to the file's, where these differ.
            metadata: For plugins such as kedro-viz; not used here.
        """
        super().__init__(path=path, metadata=metadata)
        self._file = file
        self._names = dict(names or {})

    def load(self) -> ItemContents:
        """Read ids and types.

        Raises:
            FileNotFoundError: Naming the missing file.
            ValueError: Naming file, column and rows of what is wrong.
        """
        item_ids = self._read(self._file)["item_id"].to_pylist()
        schema = pq.read_schema(self._path / self._file)
        ours = {theirs: name for name, theirs in self._names.items()}
        types = {
            ours.get(each.name, each.name): value_type(each.type) for each in schema
        }
        return ItemContents(item_ids, types, self)

    def read_texts(self, name: str) -> list[str]:
        """Read a column of text, see :meth:`ItemContents.texts`."""
        return joined_texts(self._read_column(name, "tags"))

    def read_vectors(self, name: str, item_ids: list[Any]) -> np.ndarray:
        """Read a column of vectors, see :meth:`ItemContents.vectors`."""
        file, column = str(self._path / self._file), self._names.get(name, name)
        table = pa.table({column: self._read_column(name, "vectors")})
        return vector_column(table, column, file, item_ids)

    def layout(self) -> dict[str, RawFile]:
        """The file and the one column that it needs."""
        columns = {"item_id": raw_column("id", None, "")}
        return {self._file: RawFile(DataFrameSchema(columns))}

    def _read_column(self, name: str, kind: str) -> pa.ChunkedArray:
        column = {self._names.get(name, name): raw_column(kind, None, "")}
        table = read_raw_file(self._path / self._file, DataFrameSchema(column))
        return table.column(0)
