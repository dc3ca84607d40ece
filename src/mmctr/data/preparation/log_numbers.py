"""From the tables of a log to numbers in time order."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.preparation.numbered_log import HISTORY, NumberedLog
from mmctr.data.preparation.ordering import (
    combine_hashes,
    fine_times,
    id_hashes,
    time_order,
)
from mmctr.data.preparation.ties import order_equal_events
from mmctr.data.preparation.unknown import UnknownValues, raise_or_warn
from mmctr.data.reading.source import LogSource

_LOG, _HISTORY = "interactions", "history"
_FRACTION = "timestamp_fraction"


def number_log(source: LogSource, unknown_items: str, seed: int) -> NumberedLog:
    """Number a log's users and items, and put its events in time order.

    Clicks before the log that have no time come right before its first event. Of equal
    clicks one is left.

    Args:
        source: The log, its items and earlier clicks.
        unknown_items: What to do about events of items that the item table lacks.
        seed: Decides the order of equal timestamps.

    Raises:
        ValueError: If an event's item is not in the item table and ``unknown_items`` is
            ``strict``; it names the first five rows. If no event is left.
    """
    # What reading the log has freed.
    pa.default_memory_pool().release_unused()
    log = source.log
    tables = {_LOG: log}
    if source.history is not None:
        tables[_HISTORY] = source.history
    ids = source.items["item_id"].combine_chunks()
    items = {name: _item_codes(table, ids) for name, table in tables.items()}
    missing = [
        _unknown_items(source, name, table["item_id"], items[name])
        for name, table in tables.items()
    ]
    unknown = raise_or_warn(missing, unknown_items)
    if not items[_LOG].any():
        raise ValueError(
            f"{source.file(_LOG)}: no event is left, no item is in "
            f"{source.file('items')}; give the item table that belongs to this log"
        )
    extra = len(source.history) if source.history is not None else 0
    # Before the other columns are there: many ids take much memory.
    columns, hashes = _shown(log, extra)
    columns["item"] = _joined(list(items.values()))
    del items
    columns["user"], user_ids = _codes(_joined_ids(list(tables.values()), "user_id"))
    columns["timestamp"] = _times(log, source.history)
    if any(_FRACTION in table.column_names for table in tables.values()):
        columns["fraction"] = _joined([_fractions(table) for table in tables.values()])
    hashes["user"] = id_hashes(user_ids)
    hashes["item"] = np.append(np.uint64(0), id_hashes(ids))
    pa.default_memory_pool().release_unused()
    known = None if columns["item"].all() else np.flatnonzero(columns["item"])
    if known is not None:
        _take(columns, known)
    order = _time_order(columns, hashes, seed)
    _take(columns, order)
    file_row = order if known is None else known[order]
    file_row = file_row.astype(np.int32 if len(log) < 2**31 else np.int64)
    file_row[file_row >= len(log)] = HISTORY
    del order
    pa.default_memory_pool().release_unused()
    is_copy = _equal_to_the_one_before(columns)
    order_equal_events(is_copy, file_row, log)
    copies = int((is_copy & (file_row != HISTORY)).sum())
    if "label" in columns:
        # An item may be shown twice, but nobody clicks it twice at once.
        is_copy &= file_row == HISTORY
    if is_copy.any():
        _take(columns, ~is_copy)
        file_row = file_row[~is_copy]
    return NumberedLog(
        user=columns["user"],
        item=columns["item"],
        timestamp=columns["timestamp"],
        file_row=file_row,
        label=columns.get("label"),
        impression=columns.get("impression"),
        user_ids=user_ids,
        user_hashes=hashes["user"],
        item_hashes=hashes["item"],
        unknown=unknown,
        read=len(log),
        copies=copies,
        unknown_rows=missing[0].rows.size,
        unknown_items=len(pd.unique(missing[0].values)),
        clock=source.clock,
    )


def _shown(
    log: pa.Table, extra: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Labels and impressions of the rows and of so many clicks before them.

    Returns:
        The columns, none for a log of clicks, and the hashes of the impressions' ids.
    """
    columns: dict[str, np.ndarray] = {}
    hashes: dict[str, np.ndarray] = {}
    if "label" not in log.column_names:
        return columns, hashes
    if "impression_id" in log.column_names:
        codes, ids = _codes(log["impression_id"])
        columns["impression"] = _extended(codes, extra, -1)
        hashes["impression"] = np.append(id_hashes(ids), np.uint64(0))
        del codes, ids
        pa.default_memory_pool().release_unused()
    label = log["label"].to_numpy().astype(np.int8, copy=False)
    columns["label"] = _extended(label, extra, 1)
    return columns, hashes


def _time_order(
    columns: dict[str, np.ndarray], hashes: dict[str, np.ndarray], seed: int
) -> np.ndarray:
    """Sort by time; then by user and impression, and last by item and label.

    Rows of an impression are next to each other. Clicks are sorted by user and item.
    """

    def of(*names: str):
        def hashes_of(rows: np.ndarray | slice) -> np.ndarray:
            values = [(hashes[name], columns[name][rows]) for name in names]
            return combine_hashes(seed, *values)

        return hashes_of

    def rest(rows: np.ndarray | slice) -> np.ndarray:
        return of("user", "item")(rows) ^ columns["label"][rows].astype(np.uint64)

    times = fine_times(columns["timestamp"], columns.get("fraction"))
    if "label" not in columns:
        return time_order(times, of("user", "item"))
    group = of(*(x for x in ("user", "impression") if x in hashes))
    return time_order(times, group, rest)


def _equal_to_the_one_before(columns: dict[str, np.ndarray]) -> np.ndarray:
    """``[events]`` bool: equal in all columns to the event before it."""
    found = np.zeros(len(columns["user"]), bool)
    found[1:] = True
    for values in columns.values():
        found[1:] &= values[1:] == values[:-1]
    return found


def _take(columns: dict[str, np.ndarray], places: np.ndarray) -> None:
    """Reorder the columns, one at a time: a second copy of them all may not fit."""
    for name in columns:
        columns[name] = columns[name][places]


def _item_codes(table: pa.Table, ids: pa.Array) -> np.ndarray:
    """Numbers of the items from 1 as int32; 0 for those that the item table lacks."""
    codes = pc.index_in(table["item_id"], value_set=ids.cast(table["item_id"].type))
    numbers = pc.fill_null(codes, -1).to_numpy().astype(np.int32)
    numbers += 1
    return numbers


def _unknown_items(
    source: LogSource, table: str, ids: pa.ChunkedArray, codes: np.ndarray
) -> UnknownValues:
    rows = np.flatnonzero(codes == 0)
    known = ", ".join(map(str, source.items["item_id"][:3].to_pylist()))
    return UnknownValues(
        source.file(table),
        "item_id",
        rows,
        ids.take(pa.array(rows)).to_numpy(),
        "these events are left out",
        f"items that {source.file('items')} lacks (it has {known} ...)",
    )


def _joined_ids(tables: list[pa.Table], name: str) -> pa.ChunkedArray:
    kind = tables[0][name].type
    chunks = [chunk.cast(kind) for table in tables for chunk in table[name].chunks]
    return pa.chunked_array(chunks, kind)


def _codes(ids: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    """Code each id as int32; -1 where it is empty. Also the ids by code."""
    coded = ids.dictionary_encode()
    codes = [pc.fill_null(chunk.indices, -1).to_numpy() for chunk in coded.chunks]
    return _joined(codes), coded.chunk(coded.num_chunks - 1).dictionary


def _times(log: pa.Table, earlier: pa.Table | None) -> np.ndarray:
    times = log["timestamp"].to_numpy()
    if earlier is None:
        return times
    before = pa.nulls(len(earlier), pa.int64())
    if "timestamp" in earlier.column_names:
        before = earlier["timestamp"]
    first = int(times.min()) - 1
    return np.concatenate([times, pc.fill_null(before, first).to_numpy()])


def _fractions(table: pa.Table) -> np.ndarray:
    if _FRACTION not in table.column_names:
        return np.zeros(len(table))
    return pc.fill_null(table[_FRACTION], 0.0).to_numpy()


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _extended(values: np.ndarray, count: int, value: int) -> np.ndarray:
    """The values, and a further value so many times."""
    if not count:
        return values
    return np.concatenate([values, np.full(count, value, values.dtype)])
