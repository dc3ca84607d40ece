"""Your own interaction log and item table, read and checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from kedro.io import AbstractDataset

from mmctr.datasets.reading import read_parquet
from mmctr.schemas import (
    INTERACTIONS,
    ITEMS,
    check_frame,
    integer_column,
    vector_column,
)


@dataclass(frozen=True)
class InteractionSource:
    """A log and its items.

    Attributes:
        interactions: One row an event: ``user_id``, ``item_id`` (int64 or str),
            ``timestamp`` (int64, unix seconds), in file order.
        items: One row an item: ``item_id``, ``title`` (str, empty where there is none)
            and,
            where the file has them, ``tags`` (a list of strings), ``likes`` and
            ``views`` (float), in file order.
        image_vectors: ``[n_items, width]`` float32; width 0 where there are none.
    """

    interactions: pd.DataFrame
    items: pd.DataFrame
    image_vectors: np.ndarray


class InteractionLog(AbstractDataset[NoReturn, InteractionSource]):
    """Read ``interactions.parquet`` and ``items.parquet`` of a folder; never write."""

    def __init__(
        self,
        *,
        path: str,
        image_column: str = "image_vector",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Point at the folder.

        Args:
            path: Folder that holds the two files.
            image_column: Column of ``items.parquet`` with image vectors, if it has one.
            metadata: For plugins such as kedro-viz; not used here.
        """
        self._path = Path(path)
        self._image_column = image_column
        self.metadata = metadata

    def load(self) -> InteractionSource:
        """Read and check both files.

        Raises:
            FileNotFoundError: Naming the missing file.
            ValueError: Naming file, column and rows of what is wrong.
        """
        items, image_vectors = self._read_items(self._path / "items.parquet")
        interactions = _read_interactions(self._path / "interactions.parquet")
        _check_known(interactions, items, self._path)
        return InteractionSource(interactions, items, image_vectors)

    def _read_items(self, path: Path) -> tuple[pd.DataFrame, np.ndarray]:
        optional = ["tags", "tag", "likes", "views", self._image_column]
        table = read_parquet(path, ["item_id", "title"], optional)
        file = str(path)
        titles = table["title"]
        if not (
            pa.types.is_string(titles.type) or pa.types.is_large_string(titles.type)
        ):
            raise ValueError(f"{file}: column 'title' is {titles.type}; wanted text")
        frame = pd.DataFrame(
            {
                "item_id": _id_column(table, "item_id", file),
                "title": pc.fill_null(titles.cast(pa.string()), "").to_pandas(),
            }
        )
        for name in ("likes", "views"):
            if name in table.column_names:
                frame[name] = _count_column(table, name, file)
        check_frame(frame, ITEMS, file)
        tag_column = next((x for x in ("tags", "tag") if x in table.column_names), None)
        if tag_column is not None:
            frame["tags"] = _tag_lists(table[tag_column], tag_column, file)
        if self._image_column in table.column_names:
            return frame, vector_column(table, self._image_column, file)
        return frame, np.zeros((table.num_rows, 0), np.float32)

    def save(self, data: NoReturn) -> None:
        """Raw files are only read."""
        raise NotImplementedError(f"{self._path}: raw files are only read")

    def _exists(self) -> bool:
        return (self._path / "interactions.parquet").is_file()

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix(), "image_column": self._image_column}


def _read_interactions(path: Path) -> pd.DataFrame:
    table = read_parquet(path, ["user_id", "item_id", "timestamp"], [])
    file = str(path)
    times = table["timestamp"]
    if pa.types.is_timestamp(times.type):
        seconds = times.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
        table = table.set_column(
            table.column_names.index("timestamp"), "timestamp", seconds
        )
    frame = pd.DataFrame(
        {
            "user_id": _id_column(table, "user_id", file),
            "item_id": _id_column(table, "item_id", file),
            "timestamp": integer_column(table, "timestamp", file),
        }
    )
    if frame.empty:
        raise ValueError(f"{file}: no rows")
    check_frame(frame, INTERACTIONS, file)
    return frame


def _id_column(table: pa.Table, name: str, file: str) -> pd.Series:
    """Ids as int64, or as strings where the file has strings."""
    column = table[name]
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        if column.null_count:
            empty = column.is_null().to_numpy()
            rows = np.flatnonzero(empty)[:5].tolist()
            raise ValueError(f"{file}: column '{name}' is empty in rows {rows}")
        return column.cast(pa.string()).to_pandas()
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise ValueError(
            f"{file}: column '{name}' is {kind}; ids are whole numbers or text"
        )
    return pd.Series(integer_column(table, name, file))


def _count_column(table: pa.Table, name: str, file: str) -> np.ndarray:
    column = table[name]
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise ValueError(f"{file}: column '{name}' is {column.type}; wanted numbers")
    return column.cast(pa.float64()).to_numpy()


def _tag_lists(column: pa.ChunkedArray, name: str, file: str) -> pd.Series:
    """Tags of every item as a list of strings; one tag, several, or none."""
    kind = column.type
    if (
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
    ):
        lists = [
            [str(tag) for tag in tags if tag is not None and str(tag).strip()]
            for tags in (values or [] for values in column.to_pylist())
        ]
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        lists = [[tag] if tag and tag.strip() else [] for tag in column.to_pylist()]
    elif pa.types.is_integer(kind):
        lists = [[str(tag)] if tag is not None else [] for tag in column.to_pylist()]
    else:
        raise ValueError(
            f"{file}: column '{name}' is {kind}; a tag or a list of tags is wanted"
        )
    return pd.Series(lists, dtype=object)


def _check_known(interactions: pd.DataFrame, items: pd.DataFrame, folder: Path) -> None:
    left, right = interactions["item_id"], items["item_id"]
    if (left.dtype == np.int64) != (right.dtype == np.int64):
        raise ValueError(
            f"{folder}: 'item_id' is {left.dtype} in interactions.parquet and "
            f"{right.dtype} in items.parquet; write both as numbers or both as text"
        )
    rows = np.flatnonzero(~left.isin(right).to_numpy())
    if rows.size:
        raise ValueError(
            f"{folder / 'interactions.parquet'}: column 'item_id' has {rows.size} rows "
            f"whose item is not in items.parquet, first rows {rows[:5].tolist()} "
            f"(items {left.iloc[rows[:5]].tolist()}); add these items or drop the rows"
        )
