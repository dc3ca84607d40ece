"""The primary tables, built from plain arrays."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mmctr.data.datasets.source import ItemColumns, RowColumns
from mmctr.data.preparation.report import count_parts
from mmctr.data.zero_vectors import warn_of_zero_vectors
from mmctr.runtime.jagged import Jagged


@dataclass(frozen=True)
class PrimaryTables:
    """The outputs of preparation.

    Attributes:
        items: One row per item: ``item_id`` (int64, 1..n_items in row order),
            ``title`` (string), ``tags`` (list<int32>, 1.., no padding), ``likes_level``
            and ``views_level`` (int8, 0..10).
        item_id_mapping: ``item_id`` (int64) and ``original_id`` (the source's own
            type).
        train: One row per impression: ``user_id`` (the source's own type), ``group_id``
            (int64), ``item_id`` (int64, the target), ``item_seq`` (list<int32>, the
            history, oldest first, no padding), ``likes_level``, ``views_level``,
            ``label`` (int8; null where unlabelled).
        valid: The same.
        test: The same; ``item_id`` is 0 for a target that the item table lacks, if the
            parameters allow it.
        report: What was read, dropped and found, ready for JSON.
    """

    items: pa.Table
    item_id_mapping: pa.Table
    train: pa.Table
    valid: pa.Table
    test: pa.Table
    report: dict[str, object]


def primary_tables(
    kind: str,
    items: ItemColumns,
    parts: dict[str, pa.Table],
    *,
    levels_from: dict[str, str],
    unknown: dict[str, object],
    oracle_auc: dict[str, float] | None = None,
    log: dict[str, object] | None = None,
) -> PrimaryTables:
    """Number the items in their order, and report what there is.

    Args:
        kind: ``challenge`` or ``interactions``.
        items: The source's items.
        parts: The tables ``train``, ``valid`` and ``test``.
        levels_from: Where ``likes`` and ``views`` levels come from: ``items`` (the
            source states them) or ``training events``.
        unknown: Items and levels that are not known, from
            :func:`mmctr.data.preparation.unknown.raise_or_warn`.
        oracle_auc: The best possible AUC by part, if the law of the data is known.
        log: Counts of how a log was split; None for a challenge.
    """
    numbers = pa.array(np.arange(1, len(items.item_ids) + 1))
    zeros = warn_of_zero_vectors(
        "image vectors", items.image_vectors, items.item_ids.tolist()
    )
    return PrimaryTables(
        items=pa.table(
            {
                "item_id": numbers,
                "title": items.titles,
                "tags": list_array(items.tags),
                "likes_level": pa.array(items.likes_levels.astype(np.int8)),
                "views_level": pa.array(items.views_levels.astype(np.int8)),
            }
        ),
        item_id_mapping=pa.table(
            {"item_id": numbers, "original_id": pa.array(items.item_ids)}
        ),
        **parts,
        report={
            "source": kind,
            "items": len(items.item_ids),
            **count_parts(parts, len(items.item_ids)),
            "levels_from": levels_from,
            "unknown": unknown,
            "zero_image_vectors": zeros,
            "oracle_auc": oracle_auc,
            "log": log,
        },
    )


def rows_table(rows: RowColumns, group_ids: np.ndarray) -> pa.Table:
    """Build ``train``, ``valid`` or ``test``; see :class:`PrimaryTables`."""
    return pa.table(
        {
            "user_id": rows.user_ids,
            "group_id": pa.array(group_ids.astype(np.int64)),
            "item_id": pa.array(rows.item_ids.astype(np.int64)),
            "item_seq": list_array(rows.history),
            "likes_level": pa.array(rows.likes_levels.astype(np.int8)),
            "views_level": pa.array(rows.views_levels.astype(np.int8)),
            "label": (
                pa.nulls(len(rows.item_ids), pa.int8())
                if rows.labels is None
                else pa.array(rows.labels.astype(np.int8))
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
