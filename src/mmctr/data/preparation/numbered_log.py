"""A log in numbers: users, items and times as arrays, in time order."""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.preparation.groups import Groups, find_groups
from mmctr.data.preparation.ordering import (
    combine_hashes,
    fine_times,
    id_hashes,
    time_order,
)
from mmctr.data.preparation.unknown import UnknownValues, raise_or_warn
from mmctr.data.reading.source import LogSource

HISTORY = -1
"""File row of clicks that come before the log: they are in histories only."""

_LOG, _HISTORY = "interactions.parquet", "history.parquet"


@dataclass(frozen=True)
class NumberedLog:
    """Events in time order, each array ``[events]``.

    Events of one time are in the order of hashes of the seed and their ids, whatever
    their order in the file.

    Attributes:
        user: int32 places in ``user_ids``.
        item: int32, 1..n_items.
        timestamp: int64, unix seconds.
        file_row: Row of the log's file; :data:`HISTORY` for earlier clicks.
        label: int8, 1 for a click; None for a log of clicks.
        impression: int32 code of the impression's id, -1 without; None where the log
            has no such column.
        user_ids: The users' own ids.
        user_hashes: ``[users]`` uint64.
        item_hashes: ``[n_items + 1]`` uint64, by item.
        unknown: Items that are not known, from
            :func:`mmctr.data.preparation.unknown.raise_or_warn`.
        read: Rows of the log's file, with unknown items too.
        unknown_rows: Those of unknown items.
        unknown_items: How many different ones.
    """

    user: np.ndarray
    item: np.ndarray
    timestamp: np.ndarray
    file_row: np.ndarray
    label: np.ndarray | None
    impression: np.ndarray | None
    user_ids: pa.Array
    user_hashes: np.ndarray
    item_hashes: np.ndarray
    unknown: dict[str, object]
    read: int
    unknown_rows: int
    unknown_items: int

    def __len__(self) -> int:
        """How many events there are."""
        return len(self.user)

    def take(self, places: np.ndarray) -> Self:
        """Some of the events, or all in another order."""
        arrays = {
            field.name: getattr(self, field.name)[places]
            for field in fields(self)[:6]
            if getattr(self, field.name) is not None
        }
        return replace(self, **arrays)

    @property
    def in_log(self) -> np.ndarray:
        """``[events]`` bool: not from before the log."""
        return self.file_row != HISTORY

    def groups(self) -> Groups:
        """The groups of the rows of impressions."""
        return find_groups(self.user, self.timestamp, self.impression)

    def hashes(self, seed: int) -> np.ndarray:
        """Hash each event's user and item: ``[events]`` uint64."""
        users, items = (self.user_hashes, self.user), (self.item_hashes, self.item)
        return combine_hashes(seed, users, items)

    def repeats_of_the_one_before(self) -> np.ndarray:
        """``[events]`` bool: equal to the event before it in all that is read."""
        found = np.zeros(len(self), bool)
        found[1:] = True
        for field in fields(self)[:6]:
            values = getattr(self, field.name)
            if field.name != "file_row" and values is not None:
                found[1:] &= values[1:] == values[:-1]
        return found


def number_log(source: LogSource, unknown_items: str, seed: int) -> NumberedLog:
    """Number a log's users and items, and put its events in time order.

    Clicks before the log that have no time come right before its first event.

    Args:
        source: The log, its items and earlier clicks.
        unknown_items: What to do about events of items that the item table lacks.
        seed: Decides the order of equal timestamps.

    Raises:
        ValueError: If an event's item is not in the item table and ``unknown_items`` is
            ``strict``; it names the first five rows. If no event is left.
    """
    log, earlier = source.log, source.history
    tables = {_LOG: log} | ({} if earlier is None else {_HISTORY: earlier})
    ids = source.items["item_id"].combine_chunks()
    items = {file: _item_codes(table, ids) for file, table in tables.items()}
    strangers = [_unknown_items(file, tables[file], items[file]) for file in tables]
    unknown = raise_or_warn(strangers, unknown_items)
    if not items[_LOG].any():
        raise ValueError(
            f"{_LOG}: no event is left, no item is in items.parquet; give "
            "the item table that belongs to this log"
        )
    users, user_ids = _codes(
        pa.chunked_array(
            [
                chunk.cast(log["user_id"].type)
                for table in tables.values()
                for chunk in table["user_id"].chunks
            ]
        )
    )
    first = int(pc.min(log["timestamp"]).as_py())
    item = items[_LOG] if earlier is None else np.concatenate(list(items.values()))
    count = len(item) - len(log)
    label = impression = None
    hashes = id_hashes(user_ids)
    groups = None
    if "label" in log.column_names:
        label = _extended(log["label"].to_numpy().astype(np.int8), count, 1)
    if label is not None and "impression_id" in log.column_names:
        impression, impression_ids = _codes(log["impression_id"])
        impression = _extended(impression, count, -1)
        groups = np.append(id_hashes(impression_ids), np.uint64(0))
    numbered = NumberedLog(
        user=users,
        item=item,
        timestamp=_times(log, earlier, first),
        file_row=_extended(np.arange(len(log), dtype=np.int32), count, HISTORY),
        label=label,
        impression=impression,
        user_ids=user_ids,
        user_hashes=hashes,
        item_hashes=np.append(np.uint64(0), id_hashes(ids)),
        unknown=unknown,
        read=len(log),
        unknown_rows=strangers[0].rows.size,
        unknown_items=len(pd.unique(strangers[0].values)),
    )
    fractions = None
    if "timestamp_fraction" in log.column_names:
        fractions = _extended(log["timestamp_fraction"].to_numpy(), count, 0.0)
    if not item.all():
        known = np.flatnonzero(item)
        numbered = numbered.take(known)
        fractions = None if fractions is None else fractions[known]
    return _in_time_order(numbered, fractions, groups, seed)


def _in_time_order(
    log: NumberedLog,
    fractions: np.ndarray | None,
    impression_hashes: np.ndarray | None,
    seed: int,
) -> NumberedLog:
    """Rows of an impression are next to each other: the group's hash comes first."""
    times = fine_times(log.timestamp, fractions)
    hashes = log.hashes(seed)
    if log.label is None:
        return log.take(time_order(times, hashes))
    hashes ^= log.label.astype(np.uint64)
    groups = [(log.user_hashes, log.user)]
    if log.impression is not None and impression_hashes is not None:
        groups.append((impression_hashes, log.impression))
    return log.take(time_order(times, combine_hashes(seed, *groups), hashes))


def _item_codes(table: pa.Table, ids: pa.Array) -> np.ndarray:
    """Numbers of the items from 1 as int32; 0 for those that the item table lacks."""
    codes = pc.index_in(table["item_id"], value_set=ids.cast(table["item_id"].type))
    return pc.add(pc.fill_null(codes, -1), 1).to_numpy().astype(np.int32, copy=False)


def _unknown_items(file: str, table: pa.Table, codes: np.ndarray) -> UnknownValues:
    rows = np.flatnonzero(codes == 0)
    return UnknownValues(
        file,
        "item_id",
        rows,
        table["item_id"].take(pa.array(rows)).to_numpy(),
        "these events are left out",
        "items that items.parquet lacks",
    )


def _codes(ids: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    """Code each id; -1 where it is empty. Also the ids by code."""
    coded = ids.dictionary_encode()
    if not coded.num_chunks:
        return np.zeros(0, np.int32), pa.array([], ids.type)
    codes = [pc.fill_null(chunk.indices, -1).to_numpy() for chunk in coded.chunks]
    return np.concatenate(codes), coded.chunk(coded.num_chunks - 1).dictionary


def _times(log: pa.Table, earlier: pa.Table | None, first: int) -> np.ndarray:
    times = log["timestamp"].to_numpy()
    if earlier is None:
        return times
    before = pa.nulls(len(earlier), pa.int64())
    if "timestamp" in earlier.column_names:
        before = earlier["timestamp"]
    return np.concatenate([times, pc.fill_null(before, first - 1).to_numpy()])


def _extended(values: np.ndarray, count: int, value: float) -> np.ndarray:
    """The values, and a further value so many times."""
    if not count:
        return values
    return np.concatenate([values, np.full(count, value, values.dtype)])
