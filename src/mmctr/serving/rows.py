"""Requests as the rows that the pipelines score."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.data.fields.column_values import SECONDS_PER_DAY
from mmctr.data.fields.field import CODES, FIRST
from mmctr.data.fields.levels_and_tags import LEVELS, ROW_LEVELS
from mmctr.data.fields.log_columns import GROUP_SIZE, ITEM_AGE, days_since
from mmctr.data.fields.state import FieldState
from mmctr.data.raw_schemas import MAX_LEVEL
from mmctr.data.row_statistics.event_log import EventLog
from mmctr.serving.errors import RequestError

_THURSDAY = 3  # the weekday of 1970-01-01, where Monday is 0


@dataclass(frozen=True)
class Requests:
    """R rows to score.

    Attributes:
        items: ``[R]`` int64 targets, 0 for an unknown one.
        history: ``[P]`` int64 items, oldest first, row after row.
        offsets: ``[R + 1]`` int64.
        users: ``[R]`` ids, null for a user without one.
        as_of: ``[R]`` int64, unix seconds; None without times.
        columns: Raw columns of users and rows, ``[R]`` each.
    """

    items: np.ndarray
    history: np.ndarray
    offsets: np.ndarray
    users: pa.Array
    as_of: np.ndarray | None
    columns: Mapping[str, Any] = field(default_factory=dict)

    def table(
        self,
        item_table: pa.Table,
        state: FieldState,
        log: EventLog,
        published: np.ndarray | None = None,
    ) -> pa.Table:
        """Build rows by the contract of ``test``, without a label.

        Args:
            item_table: Has the levels of the items, for rows that state none.
            state: Encodes the fields.
            log: Says when an item's first event was.
            published: ``[n_items]`` float64 dates that the age of items counts from, in
                days; None: from their first event.

        Raises:
            ValueError: If a level is none.
        """
        count = len(self.items)
        times = pa.nulls(count, pa.int64())
        table = pa.table(
            {
                "user_id": self.users,
                "item_id": self.items,
                "item_seq": pa.ListArray.from_arrays(
                    pa.array(self.offsets.astype(np.int32)),
                    pa.array(self.history.astype(np.int32)),
                ),
                "as_of": times if self.as_of is None else self.as_of,
                "label": pa.nulls(count, pa.float32()),
            }
        )
        of_targets = self._levels_of_targets(state, item_table)
        for side in ("row", "user"):
            wanted = {own.column for own in state.of(side)}
            encoded = state.encode(side, self._raw(wanted, log, published), count)
            for place, each in enumerate(encoded.schema):
                # Rows that are encoded already come with their columns.
                given = self.columns.get(each.name, of_targets.get(each.name))
                values = encoded[place] if given is None else given
                typed = _plain(values).cast(each.type)
                table = table.append_column(each, pa.chunked_array([typed]))
        return table

    def _moments(self) -> np.ndarray | None:
        """Times of the rows: given, or those that statistics count up to."""
        given = self.columns.get("timestamp")
        if given is None or _plain(given).null_count:
            return self.as_of
        times = not_dates(given, "timestamp")
        return times.to_numpy(zero_copy_only=False).astype(np.int64)

    def _levels_of_targets(
        self, state: FieldState, item_table: pa.Table
    ) -> dict[str, np.ndarray]:
        """Codes of levels that rows may state and these do not: the targets' own."""
        found = {}
        for own in state.of("row"):
            if own.name not in ROW_LEVELS:
                continue
            given = self.columns.get(own.column)
            if given is None:
                name = LEVELS[ROW_LEVELS.index(own.name)]
                codes = item_table[CODES + name].to_numpy()[self.items]
                found[CODES + own.name] = np.maximum(codes, FIRST).astype(np.int32)
            elif not np.isin(_plain(given), np.arange(MAX_LEVEL + 1)).all():
                raise RequestError(
                    f"{own.column}: expected whole numbers from 0 to {MAX_LEVEL}",
                    ("row", own.column),
                )
        return found

    def _raw(
        self, wanted: set[str], log: EventLog, published: np.ndarray | None
    ) -> dict[str, pa.Array]:
        """Raw columns, given or of the row's time."""
        found = {x: _plain(self.columns[x]) for x in wanted if x in self.columns}
        if "user_id" in wanted:
            found["user_id"] = self.users
        if GROUP_SIZE in wanted and GROUP_SIZE not in found:
            found[GROUP_SIZE] = pa.array(np.full(len(self.items), len(self.items)))
        moments = self._moments()
        if moments is None:
            return found
        days, seconds = np.divmod(moments, SECONDS_PER_DAY)
        derived = {"hour": seconds // 3_600, "weekday": (days + _THURSDAY) % 7}
        if ITEM_AGE in wanted and self.as_of is not None:
            if published is None:
                seconds = log.by_item.since_first(self.items, self.as_of)
                derived[ITEM_AGE] = seconds / SECONDS_PER_DAY
            else:
                derived[ITEM_AGE] = days_since(published, self.items, self.as_of)
        for name, values in derived.items():
            if name in wanted and name not in found:
                found[name] = pa.array(values)
        return found


def not_dates(times: Any, name: str) -> pa.Array:
    """Refuse dates and times of a type of their own, whose numbers are no seconds.

    Args:
        times: ``[R]`` values.
        name: What they are, for the message.

    Raises:
        RequestError: If they are such.
    """
    array = _plain(times)
    if pa.types.is_temporal(array.type):
        raise RequestError(
            f"{name}: expected whole numbers, unix seconds, got {array.type}",
            ("row", name),
        )
    return array


def _plain(values: Any) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks()
    return values if isinstance(values, pa.Array) else pa.array(values)
