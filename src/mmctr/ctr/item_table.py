"""All per-item inputs of a model, as plain arrays."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class ItemTable:
    """Row i is item i, row 0 is padding; 0 is padding in every column.

    Attributes:
        tags: ``[n_items + 1, max_tags]`` int64.
        likes: ``[n_items + 1]`` int64, level + 1.
        views: ``[n_items + 1]`` int64, level + 1.
        title_codes: ``[n_items + 1, positions]`` int64, code + 1; no position if
            absent.
        image_codes: The same.
    """

    tags: np.ndarray
    likes: np.ndarray
    views: np.ndarray
    title_codes: np.ndarray
    image_codes: np.ndarray

    @property
    def n_items(self) -> int:
        """Number of items, padding apart."""
        return len(self.likes) - 1

    @classmethod
    def from_arrow(cls, table: pa.Table) -> "ItemTable":
        """Read the quantization pipeline's ``item_table``.

        Raises:
            ValueError: If the rows are not numbered from 0, row 0 is not padding, or
                codes
                differ in length.
        """
        ids = table["item_id"].to_numpy()
        rows = np.flatnonzero(ids != np.arange(len(ids)))
        if rows.size:
            raise ValueError(
                f"item_table: row {rows[0]} is item {ids[rows[0]]}; rows must be "
                "numbered from 0, run the quantization pipeline again"
            )
        built = cls(
            tags=_padded(table["tags"]),
            likes=table["likes"].to_numpy().astype(np.int64),
            views=table["views"].to_numpy().astype(np.int64),
            title_codes=_rectangular(table, "title_codes"),
            image_codes=_rectangular(table, "image_codes"),
        )
        if built.likes[0] or built.views[0] or built.tags[0].any():
            raise ValueError("item_table: row 0 must be padding, all zero")
        return built


def _padded(column: pa.ChunkedArray) -> np.ndarray:
    """Lists of any length as one matrix, zeros behind."""
    array = column.combine_chunks()
    lengths = pc.list_value_length(array).to_numpy(zero_copy_only=False)
    matrix = np.zeros((len(lengths), max(int(lengths.max(initial=0)), 1)), np.int64)
    matrix[np.arange(matrix.shape[1]) < lengths[:, None]] = array.flatten().to_numpy()
    return matrix


def _rectangular(table: pa.Table, name: str) -> np.ndarray:
    array = table[name].combine_chunks()
    lengths = pc.list_value_length(array).to_numpy(zero_copy_only=False)
    if np.unique(lengths).size > 1:
        raise ValueError(f"item_table: lists of '{name}' differ in length")
    values = array.flatten().to_numpy().astype(np.int64)
    return values.reshape(len(lengths), int(lengths[0]) if len(lengths) else 0)
