"""Codes and item features become the item table of the CTR model."""

import numpy as np
import pyarrow as pa

from mmctr.data.raw_schemas import MAX_LEVEL
from mmctr.data.vector_columns import vector_column


def build_item_table(
    item_features: pa.Table, title_codes: np.ndarray, image_codes: np.ndarray
) -> pa.Table:
    """Lay out the categorical features of the CTR model, padding as row 0.

    Args:
        item_features: ``item_id`` int64 1..n in order, ``tags`` list<int32> from 1,
            ``likes_level`` and ``views_level`` int8 0..10.
        title_codes: ``[n, positions]`` int32 from 1.
        image_codes: The same; ``[n, 0]`` where there are no images.

    Returns:
        n + 1 rows; row i is item i: ``item_id`` int32, ``tags`` list<int32>, ``likes``
        and ``views`` int8 (level + 1), ``title_codes`` and ``image_codes`` list<int32>.
        In every column 0 stands for padding and nothing else; in row 0 all is 0 and
        ``tags`` is empty.

    Raises:
        ValueError: If ids, levels, tags or codes are outside their ranges.
    """
    count = item_features.num_rows
    ids = _integers(item_features, "item_id")
    wrong = np.flatnonzero(ids != np.arange(1, count + 1))
    if len(wrong):
        raise ValueError(
            f"item_features: item_id in row {wrong[0]} is {ids[wrong[0]]} where "
            f"{wrong[0] + 1} is wanted; run the preparation pipeline again"
        )
    return pa.table(
        {
            "item_id": np.arange(count + 1, dtype=np.int32),
            "tags": _padded_tags(item_features),
            "likes": _padded_levels(item_features, "likes_level"),
            "views": _padded_levels(item_features, "views_level"),
            "title_codes": _padded_codes(title_codes, count, "title_codes"),
            "image_codes": _padded_codes(image_codes, count, "image_codes"),
        }
    )


def _integers(table: pa.Table, column: str) -> np.ndarray:
    values = table[column]
    if values.null_count:
        raise ValueError(f"item_features: column '{column}' holds nulls")
    return values.to_numpy()


def _padded_levels(table: pa.Table, column: str) -> np.ndarray:
    levels = _integers(table, column)
    bad = np.flatnonzero((levels < 0) | (levels > MAX_LEVEL))
    if len(bad):
        raise ValueError(
            f"item_features: {column} in row {bad[0]} is {levels[bad[0]]}, outside "
            f"0..{MAX_LEVEL}; run the preparation pipeline again"
        )
    return np.concatenate([[0], levels + 1]).astype(np.int8)


def _padded_tags(table: pa.Table) -> pa.Array:
    tags = table["tags"].combine_chunks().cast(pa.list_(pa.int32()))
    values = tags.flatten()
    if tags.null_count or values.null_count:
        raise ValueError("item_features: column 'tags' holds nulls, not empty lists")
    lowest = values.to_numpy().min(initial=1)
    if lowest < 1:
        raise ValueError(
            f"item_features: column 'tags' holds {lowest}; tags start at 1 (0 is "
            "padding), run the preparation pipeline again"
        )
    return pa.concat_arrays([pa.array([[]], type=tags.type), tags])


def _padded_codes(codes: np.ndarray, count: int, name: str) -> pa.ChunkedArray:
    if codes.ndim != 2 or len(codes) != count:
        raise ValueError(
            f"{name} has shape {list(codes.shape)} for {count} items; one row per item "
            "is wanted, run the quantization pipeline again"
        )
    bad = np.flatnonzero((codes < 1).any(axis=1))
    if len(bad):
        raise ValueError(
            f"{name} holds codes under 1 in row {bad[0]}; 0 is padding and nothing else"
        )
    padding = np.zeros((1, codes.shape[1]), dtype=np.int32)
    return vector_column(np.concatenate([padding, codes], dtype=np.int32))
