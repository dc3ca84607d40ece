"""Your own interaction log and item table, read and checked."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview

from mmctr.data.datasets.columns import (
    id_column,
    integer_column,
    is_list,
    is_number,
    is_text,
    text_column,
    vector_column,
)
from mmctr.data.datasets.layout import RawColumn, RawFile, preview_files
from mmctr.data.datasets.reading import read_parquet
from mmctr.data.raw_schemas import INTERACTIONS, ITEMS, check_frame


@dataclass(frozen=True)
class InteractionSource:
    """A log and its items.

    Attributes:
        interactions: One row an event: ``user_id``, ``item_id`` (int64 or str),
            ``timestamp`` (int64, unix seconds), in file order.
        items: One row an item: ``item_id``, ``title`` (str, empty where there is none)
            and, where the file has them, ``tags`` (a list of strings), ``likes`` and
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
        _check_types(interactions, items, self._path)
        return InteractionSource(interactions, items, image_vectors)

    def _read_items(self, path: Path) -> tuple[pd.DataFrame, np.ndarray]:
        optional = ["tags", "tag", "likes", "views", self._image_column]
        table = read_parquet(path, ["item_id", "title"], optional)
        file = str(path)
        frame = pd.DataFrame(
            {
                "item_id": id_column(table, "item_id", file).to_pandas(),
                "title": text_column(table, "title", file).to_pandas(),
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
            item_ids = frame["item_id"].tolist()
            return frame, vector_column(table, self._image_column, file, item_ids)
        return frame, np.zeros((table.num_rows, 0), np.float32)

    def layout(self) -> dict[str, RawFile]:
        """Every file that is read, by its name below the folder."""
        events = {
            "user_id": RawColumn("id"),
            "item_id": RawColumn("id"),
            "timestamp": RawColumn("time"),
        }
        items = {
            "item_id": RawColumn("id"),
            "title": RawColumn("text"),
            "likes": RawColumn("number", needed=False),
            "views": RawColumn("number", needed=False),
            self._image_column: RawColumn("list", needed=False),
        }
        return {
            "items.parquet": RawFile(items),
            "interactions.parquet": RawFile(events),
        }

    def files(self) -> dict[str, Path]:
        """Where they lie."""
        return {name: self._path / name for name in self.layout()}

    def save(self, data: NoReturn) -> None:
        """Raw files are only read."""
        raise DatasetError(f"{self._path}: raw files are only read")

    def _exists(self) -> bool:
        return (self._path / "interactions.parquet").is_file()

    def preview(self) -> TablePreview:
        """What files there are, for kedro-viz."""
        return preview_files(self.files())

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix(), "image_column": self._image_column}


def _read_interactions(path: Path) -> pd.DataFrame:
    table = read_parquet(path, ["user_id", "item_id", "timestamp"], [])
    file = str(path)
    times = table["timestamp"]
    if pa.types.is_timestamp(times.type) or pa.types.is_date(times.type):
        seconds = times.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
        table = table.set_column(
            table.column_names.index("timestamp"), "timestamp", seconds
        )
    frame = pd.DataFrame(
        {
            "user_id": id_column(table, "user_id", file).to_pandas(),
            "item_id": id_column(table, "item_id", file).to_pandas(),
            "timestamp": integer_column(table, "timestamp", file),
        }
    )
    check_frame(frame, INTERACTIONS, file)
    return frame


def _count_column(table: pa.Table, name: str, file: str) -> np.ndarray:
    kind = table[name].type
    if not is_number(kind):
        raise ValueError(f"{file}: column '{name}' is {kind}; numbers are wanted")
    return table[name].to_numpy().astype(np.float64)


def _tag_lists(column: pa.ChunkedArray, name: str, file: str) -> pd.Series:
    """Tags of every item as a list of strings; one tag, several, or none."""
    kind = column.type
    if is_list(kind):
        rows = [tags or [] for tags in column.to_pylist()]
    elif is_text(kind) or is_number(kind) or pa.types.is_null(kind):
        rows = [[tag] for tag in column.to_pylist()]
    else:
        raise ValueError(
            f"{file}: column '{name}' is {kind}; a tag or a list of tags is wanted"
        )
    texts = [[_tag_text(tag) for tag in tags] for tags in rows]
    return pd.Series([[tag for tag in tags if tag] for tags in texts], dtype=object)


def _tag_text(tag: object) -> str:
    """A tag as text, empty where there is none."""
    if isinstance(tag, float):
        # pandas turns whole numbers with gaps into floats: 3.0 is tag "3".
        return "" if math.isnan(tag) else f"{tag:.17g}"
    return "" if tag is None else str(tag).strip()


def _check_types(interactions: pd.DataFrame, items: pd.DataFrame, folder: Path) -> None:
    left, right = interactions["item_id"], items["item_id"]
    if (left.dtype == np.int64) != (right.dtype == np.int64):
        raise ValueError(
            f"{folder}: 'item_id' is {left.dtype} in interactions.parquet and "
            f"{right.dtype} in items.parquet; write both as numbers or both as text"
        )
