"""The primary tables, built from plain arrays."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mmctr.runtime.jagged import Jagged


@dataclass(frozen=True)
class PrimaryTables:
    """What preparation hands on.

    Attributes:
        items: One row per item: ``item_id`` (int64, 1..n_items in row order),
            ``title`` (string), ``tags`` (list<int32>, 1.., no padding), ``likes_level``
            and ``views_level`` (int8, 0..10).
        image_vectors: ``[n_items, width]`` float32; width 0 where there are none.
        item_id_mapping: ``item_id`` (int64) and ``original_id`` (the source's own
            type).
        train: One row an impression: ``user_id`` (the source's own type), ``group_id``
            (int64), ``item_id`` (int64, the target), ``item_seq`` (list<int32>, the
            history, oldest first, no padding), ``likes_level``, ``views_level``,
            ``label`` (int8; null where unlabelled).
        valid: The same.
        test: The same; ``item_id`` is 0 for a target that the item table lacks, where
            the parameters allow it.
        report: What was read, dropped and found, ready for JSON.
    """

    items: pa.Table
    image_vectors: np.ndarray
    item_id_mapping: pa.Table
    train: pa.Table
    valid: pa.Table
    test: pa.Table
    report: dict[str, object]


def items_table(
    titles: pa.Array, tags: Jagged, likes_levels: np.ndarray, views_levels: np.ndarray
) -> pa.Table:
    """Build ``items``; see :class:`PrimaryTables`."""
    return pa.table(
        {
            "item_id": pa.array(np.arange(1, len(titles) + 1, dtype=np.int64)),
            "title": titles,
            "tags": list_array(tags),
            "likes_level": pa.array(likes_levels.astype(np.int8)),
            "views_level": pa.array(views_levels.astype(np.int8)),
        }
    )


def rows_table(
    *,
    user_ids: pa.Array,
    group_ids: np.ndarray,
    item_ids: np.ndarray,
    histories: Jagged,
    likes_levels: np.ndarray,
    views_levels: np.ndarray,
    labels: np.ndarray | None,
) -> pa.Table:
    """Build ``train``, ``valid`` or ``test``; see :class:`PrimaryTables`."""
    return pa.table(
        {
            "user_id": user_ids,
            "group_id": pa.array(group_ids.astype(np.int64)),
            "item_id": pa.array(item_ids.astype(np.int64)),
            "item_seq": list_array(histories),
            "likes_level": pa.array(likes_levels.astype(np.int8)),
            "views_level": pa.array(views_levels.astype(np.int8)),
            "label": (
                pa.nulls(len(item_ids), pa.int8())
                if labels is None
                else pa.array(labels.astype(np.int8))
            ),
        }
    )


def list_array(jagged: Jagged) -> pa.ListArray:
    """``list<int32>`` from flat values and offsets.

    Raises:
        ValueError: If there are more than 2**31 values, which this type cannot address.
    """
    values, offsets = jagged
    if len(values) >= 2**31:
        raise ValueError(
            f"{len(values)} history positions in a part; lower preparation.max_history"
        )
    return pa.ListArray.from_arrays(
        pa.array(offsets.astype(np.int32)), pa.array(values.astype(np.int32))
    )
