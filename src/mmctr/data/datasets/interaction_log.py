"""Your own interaction log and item table, read and checked."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mmctr.data.column_kinds import is_list
from mmctr.data.columns import checked_column, vector_column
from mmctr.data.datasets.raw_file import RawFile
from mmctr.data.datasets.raw_folder import RawFolder
from mmctr.data.raw_schemas import INTERACTIONS, items_schema


@dataclass(frozen=True)
class InteractionSource:
    """A log and its items.

    Attributes:
        interactions: One row per event: ``user_id``, ``item_id`` (int64 or str),
            ``timestamp`` (int64, unix seconds), in file order.
        items: One row per item: ``item_id``, ``title`` (str, empty where there is none)
            and, where the file has them, ``tags`` (a list of strings), ``likes`` and
            ``views`` (float), in file order.
        image_vectors: ``[n_items, width]`` float32; width 0 where there are none.
    """

    interactions: pd.DataFrame
    items: pd.DataFrame
    image_vectors: np.ndarray


class InteractionLog(RawFolder[InteractionSource]):
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

    def load(self) -> InteractionSource:
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
        counts = [x for x in ("likes", "views") if x in items.column_names]
        frame = items.select(["item_id", "title", *counts]).to_pandas()
        tags = next((x for x in ("tags", "tag") if x in items.column_names), None)
        if tags is not None:
            frame["tags"] = _tag_lists(checked_column(items, tags, "tags", file)[0])
        item_ids = frame["item_id"].tolist()
        images = vector_column(items, self._image_column, file, item_ids)
        return InteractionSource(log.to_pandas(), frame, images)

    def layout(self) -> dict[str, RawFile]:
        """Every file that is read, by its name below the folder."""
        return {
            "items.parquet": RawFile(items_schema(self._image_column)),
            "interactions.parquet": RawFile(INTERACTIONS),
        }


def _tag_lists(column: pa.Array) -> pd.Series:
    """The tags of each item as a list of strings; a column of single tags may do."""
    rows = column.to_pylist()
    if not is_list(column.type):
        rows = [[tag] for tag in rows]
    texts = [[_tag_text(tag) for tag in tags or []] for tags in rows]
    return pd.Series([[tag for tag in tags if tag] for tags in texts], dtype=object)


def _tag_text(tag: object) -> str:
    """A tag as text, empty where there is none."""
    if isinstance(tag, float):
        # pandas turns whole numbers with gaps into floats: 3.0 is tag "3".
        return "" if math.isnan(tag) else f"{tag:.17g}"
    return "" if tag is None else str(tag).strip()
