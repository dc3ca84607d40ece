"""The primary tables, built from a source's items and rows."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from mmctr.data.datasets import TablePieces
from mmctr.data.fields.state import FieldState
from mmctr.data.zero_vectors import warn_of_zero_vectors
from mmctr.runtime.jagged import Jagged

_IDS = pa.list_(pa.int32())
_ITEMS = pa.schema([("item_id", pa.int64()), ("title", pa.string())])
_ROWS = [
    ("group_id", pa.int64()),
    ("item_id", pa.int64()),
    ("item_seq", _IDS),
    ("timestamp", pa.int64()),
    ("as_of", pa.int64()),
    ("label", pa.int8()),
]
_UNDATED = ("timestamp", "as_of")


class PrimaryTables(NamedTuple):
    """The outputs of preparation, in the order of the node's.

    Attributes:
        items: One row per item: ``item_id`` (int64, 1..n_items in row order),
            ``title`` (string), and the columns of its fields.
        item_id_mapping: ``item_id`` (int64) and ``original_id`` (the source's own
            type).
        train: One row per impression: ``user_id`` (the source's own type), ``group_id``
            (int64), ``item_id`` (int64, the target), ``item_seq`` (list<int32>, the
            history, oldest first, no padding), ``timestamp`` (int64, unix seconds of
            the row) and ``as_of`` (int64, statistics of the row may know of events
            before it), both null where the source has no times, ``label`` (int8; null
            where unlabelled), ``weight`` (float32, 1 on average in train) where a
            parameter names it, and the columns of the fields of user and row.
        valid: The same.
        test: The same; ``item_id`` is 0 for a target that the item table lacks, if the
            parameters allow it.
        events: Every event that statistics of rows may count, in time order:
            ``user_id`` (the source's own type), ``item_id`` (int64) and ``timestamp``
            (int64, unix seconds; null where the source has no times); of impressions
            also ``label`` (int8, 1 for a click, null for a click from before the log),
            else all are clicks.
        report: What was read, dropped and found, ready for JSON.
        state: What encodes new data in the same way, ready for JSON; see
            :class:`mmctr.data.fields.state.FieldState`.
        audited: By part the rows to audit: all, or those of some users.
    """

    items: pa.Table
    item_id_mapping: pa.Table
    train: pa.Table | TablePieces
    valid: pa.Table | TablePieces
    test: pa.Table | TablePieces
    events: pa.Table | TablePieces
    report: dict[str, object]
    state: dict[str, object]
    audited: dict[str, pa.Table]


def primary_tables(
    kind: str,
    items: pa.Table,
    image_vectors: np.ndarray,
    parts: Mapping[str, pa.Table | TablePieces],
    events: pa.Table | TablePieces,
    *,
    counts: dict[str, object],
    audited: dict[str, pa.Table],
    unknown: dict[str, object],
    fields: pa.Table,
    state: FieldState,
    oracle_auc: dict[str, float] | None = None,
    log: dict[str, object] | None = None,
) -> PrimaryTables:
    """Number the items in their order, and report what there is.

    Args:
        kind: ``challenge`` or ``interactions``.
        items: The source's items: its own ``item_id``, and ``title``.
        image_vectors: ``[n_items, width]`` float32.
        parts: The tables ``train``, ``valid`` and ``test``.
        events: From :func:`events_table`.
        counts: From :func:`mmctr.data.preparation.report.count_parts`.
        audited: By part the rows to audit.
        unknown: Items and levels that are not known, from
            :func:`mmctr.data.preparation.unknown.raise_or_warn`.
        fields: Columns of the items' fields.
        state: What encodes the fields.
        oracle_auc: The best possible AUC by part, if the law of the data is known.
        log: Counts of how a log was split; None for a challenge.
    """
    numbers = pa.array(np.arange(1, len(items) + 1))
    ids = items["item_id"]
    zeros = warn_of_zero_vectors("image vectors", image_vectors, ids.to_pylist())
    items = pa.table({"item_id": numbers, "title": items["title"]}).cast(_ITEMS)
    for place, column in enumerate(fields.schema):
        items = items.append_column(column, fields[place])
    return PrimaryTables(
        items=items,
        item_id_mapping=pa.table({"item_id": numbers, "original_id": ids}),
        **parts,
        events=events,
        report={
            "source": kind,
            "items": len(items),
            **counts,
            "unknown": unknown,
            "zero_image_vectors": zeros,
            "oracle_auc": oracle_auc,
            "log": log,
        },
        state=state.model_dump(),
        audited=audited,
    )


def rows_table(columns: Mapping[str, pa.Array | np.ndarray]) -> pa.Table:
    """Build ``train``, ``valid`` or ``test``; see :class:`PrimaryTables`.

    Args:
        columns: Its columns, of any width; ``label``, ``timestamp`` and ``as_of`` may
            be missing, as may ``weight``, which the table then lacks.
    """
    nothing = pa.nulls(len(columns["item_id"]))
    columns = dict.fromkeys(("label", *_UNDATED), nothing) | columns
    weight = [("weight", pa.float32())] if "weight" in columns else []
    schema = pa.schema([("user_id", columns["user_id"].type), *_ROWS, *weight])
    return pa.table({name: columns[name] for name in schema.names}, schema)


def events_table(
    users: pa.Array,
    items: np.ndarray,
    timestamps: np.ndarray | None,
    labels: pa.Array | None = None,
) -> pa.Table:
    """Build ``events``; see :class:`PrimaryTables`.

    Args:
        users: ``[events]`` ids of the source's own type.
        items: ``[events]`` items from 1.
        timestamps: ``[events]`` unix seconds; None where the source has none.
        labels: ``[events]`` int8, 1 for a click, null for one from before the log;
            None if all are clicks.
    """
    times = pa.nulls(len(items)) if timestamps is None else pa.array(timestamps)
    columns = {
        "user_id": users,
        "item_id": pa.array(items).cast(pa.int64()),
        "timestamp": times.cast(pa.int64()),
    }
    return pa.table(columns | ({} if labels is None else {"label": labels}))


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
