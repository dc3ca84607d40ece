"""Your own interaction log and item table, read and checked."""

import math
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mmctr.data.column_kinds import is_list
from mmctr.data.columns import checked_column, vector_column
from mmctr.data.datasets.raw_file import RawFile
from mmctr.data.datasets.raw_folder import RawFolder
from mmctr.data.raw_schemas import INTERACTIONS, items_schema
from mmctr.data.reading.source import LogSource


class InteractionLog(RawFolder[LogSource]):
    """Read ``interactions.parquet`` and ``items.parquet`` of a folder; never write."""

    def __init__(
        self,
        *,
        path: str,
        image_column: str = "image_vector",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Point at the folder that holds the two files; see :class:`RawFolder`."""
        super().__init__(path=path, image_column=image_column, metadata=metadata)

    def load(self) -> LogSource:
        """Read and check both files.

        Raises:
            FileNotFoundError: Naming the missing file.
            ValueError: Naming file, column and rows of what is wrong.
        """
        items = self._read("items.parquet")
        log = self._read("interactions.parquet")
        types = [str(table["item_id"].type) for table in (log, items)]
        if len(set(types)) > 1:
            raise ValueError(
                f"{self._path}: 'item_id' is {types[0]} in interactions.parquet and "
                f"{types[1]} in items.parquet; write both as numbers or both as text"
            )
        file = str(self._path / "items.parquet")
        tags = next((x for x in ("tags", "tag") if x in items.column_names), None)
        lists = None
        if tags is not None:
            lists = _tag_lists(checked_column(items, tags, "tags", file)[0])
        item_ids = items["item_id"].to_pylist()
        images = vector_column(items, self._image_column, file, item_ids)
        unused = {"tags", "tag", self._image_column} & set(items.column_names)
        items = items.drop_columns(sorted(unused))
        if lists is not None:
            items = items.append_column("tags", lists)
        items = self._with_others(items, "items.parquet", unused)
        log = self._with_others(log, "interactions.parquet", set())
        return LogSource(log, items, images)

    def _with_others(self, table: pa.Table, name: str, unread: set[str]) -> pa.Table:
        """Add the file's columns that no schema describes, as they are."""
        path = self._path / name
        taken = set(table.column_names) | unread
        others = [x for x in pq.read_schema(path).names if x not in taken]
        for other, column in zip(
            others, pq.read_table(path, columns=others).columns, strict=True
        ):
            table = table.append_column(other, column)
        return table

    def layout(self) -> dict[str, RawFile]:
        """Every file that is read, by its name below the folder."""
        return {
            "items.parquet": RawFile(items_schema(self._image_column)),
            "interactions.parquet": RawFile(INTERACTIONS),
        }


def _tag_lists(column: pa.Array) -> pa.Array:
    """The tags of each item as a list of strings; a column of single tags may do."""
    rows = column.to_pylist()
    if not is_list(column.type):
        rows = [[tag] for tag in rows]
    texts = [[_tag_text(tag) for tag in tags or []] for tags in rows]
    kept = [[tag for tag in tags if tag] for tags in texts]
    return pa.array(kept, pa.list_(pa.string()))


def _tag_text(tag: object) -> str:
    """A tag as text, empty where there is none."""
    if isinstance(tag, float):
        # pandas turns whole numbers with gaps into floats: 3.0 is tag "3".
        return "" if math.isnan(tag) else f"{tag:.17g}"
    return "" if tag is None else str(tag).strip()
