"""The raw columns of a log that fields are made of."""

import logging
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.fields.column_values import (
    SECONDS_PER_DAY,
    Column,
    published_days,
    whole,
)
from mmctr.data.fields.params import FieldsParams, Side
from mmctr.data.reading.source import LogSource
from mmctr.data.reading.tags import tags_separator
from mmctr.runtime.jagged import Jagged
from mmctr.runtime.suggestions import suggest

logger = logging.getLogger(__name__)

GROUP_SIZE, ITEM_AGE = "group_size", "item_age"

PUBLISHED = "published"
"""Column of the prepared items with their dates, in days since 1970."""

SPECIAL: dict[Side, tuple[str, ...]] = {
    "item": ("item_id", "title", "tag"),
    "user": ("user_id",),
    "row": (
        *("user_id", "item_id", "timestamp", "timestamp_fraction"),
        *("label", "impression_id"),
    ),
}
"""Columns that are something else than a field, by the side of their table."""

_THURSDAY = 3  # the weekday of 1970-01-01, where Monday is 0


class RowsOfLog(NamedTuple):
    """R rows by what they are made of.

    Attributes:
        event: ``[R]`` int64, the row of the log whose user and context a row has.
        item: ``[R]`` int64 targets, numbered from 1 in the order of the items; 0 is an
            item that the item table lacks.
        timestamp: ``[R]`` int64, unix seconds.
        as_of: ``[R]`` int64: the row may know of what was before it.
        group_size: ``[R]`` int64 rows of the row's group.
        clicks: Rows of the log of the user's earlier clicks, the newest first, one
            row's after another's, with ``[R + 1]`` offsets; None where nobody asks.
    """

    event: np.ndarray
    item: np.ndarray
    timestamp: np.ndarray
    as_of: np.ndarray
    group_size: np.ndarray
    clicks: Jagged | None = None


class LogColumns:
    """The raw columns that fields are made of, by side.

    Attributes:
        items: Column -> ``[n_items]`` values.
        separator: Of the items' tags, see
            :class:`mmctr.data.reading.tags.Tags`.
        users: Column -> ``[n_users]`` values of the users that the log has; null for
            those that the users' table lacks.
        published: ``[n_items]`` float64 dates that ages count from, in days since 1970,
            NaN where not known; None where they count from the first event.
    """

    def __init__(
        self, source: LogSource, first_event: np.ndarray, params: FieldsParams
    ) -> None:
        """Find the columns.

        Args:
            source: The log.
            first_event: ``[n_items + 1]`` int64, unix seconds of each item's first
                event, the greatest int64 for an item without any; not read without
                a field item_age.
            params: Which columns of the log are used.

        Raises:
            ValueError: If a parameter names a column that is not there, or needs times
                where there is but an order.
        """
        if params.time and not source.clock:
            raise ValueError(
                f"fields.time={params.time} needs times, and those of this log only "
                "tell an order (preparation.reading.time_unit); use fields.time=[]"
            )
        self._log = source.log
        self._first_event = first_event
        self._params = params
        self.n_items = source.items.num_rows
        self.items = other_columns(source.items, "item")
        self.separator = tags_separator(source.items)
        self.users: dict[str, Column] = {}
        self._user_of_event = np.zeros(0, np.int32)
        self._find_users(source)
        names = {"item": self.items, "user": self.users}
        require_columns(params, names | {"row": other_columns(self._log, "row")})
        self.published = published_dates(params, self.items)

    @property
    def n_users(self) -> int:
        """Users in the log; 0 where they have no column."""
        return len(next(iter(self.users.values()))) if self.users else 0

    def users_of(self, rows: RowsOfLog) -> np.ndarray:
        """``[R]`` the place of each row's user in the columns of users."""
        return self._user_of_event[rows.event]

    def of_rows(self, rows: RowsOfLog) -> Iterator[tuple[str, Column]]:
        """The columns of the rows themselves: context, and fields of their time."""
        for name in self._params.context:
            if name == GROUP_SIZE:
                yield name, pa.array(rows.group_size)
            else:
                yield name, self._log[name].take(pa.array(rows.event))
        if rows.clicks is not None:
            events, offsets = pa.array(rows.clicks[0]), rows.clicks[1].astype(np.int32)
            for name, column in self._params.clicked_columns.items():
                values = whole(self._log[column].take(events))
                yield name, pa.ListArray.from_arrays(offsets, values)
        days, seconds = np.divmod(rows.timestamp, SECONDS_PER_DAY)
        derived = {
            "hour": lambda: seconds // 3_600,
            "weekday": lambda: (days + _THURSDAY) % 7,
            ITEM_AGE: lambda: self._ages(rows),
        }
        for name in self._params.time:
            yield name, pa.array(derived[name]())

    def _ages(self, rows: RowsOfLog) -> np.ndarray:
        """``[R]`` float64, days; NaN where the item's date is not known."""
        if self.published is not None:
            return days_since(self.published, rows.item, rows.as_of)
        first = self._first_event[rows.item]
        is_known = (first < rows.as_of) & (rows.item > 0)
        return np.where(is_known, (rows.as_of - first) / SECONDS_PER_DAY, np.nan)

    def _find_users(self, source: LogSource) -> None:
        given = {} if source.users is None else other_columns(source.users, "user")
        if not given and not self._params.user_id:
            return
        ids = source.log["user_id"].combine_chunks().dictionary_encode()
        self._user_of_event = ids.indices.to_numpy()
        if given:
            places = pc.index_in(ids.dictionary, source.users["user_id"])
            if places.null_count == len(places):
                logger.warning(
                    "users: no user of the log is in it, so its columns (%s) are "
                    "missing in every row; check the ids of both",
                    ", ".join(given),
                )
            given = {name: column.take(places) for name, column in given.items()}
        if self._params.user_id:
            given["user_id"] = ids.dictionary
        self.users = given


def published_dates(
    params: FieldsParams, items: Mapping[str, Column]
) -> np.ndarray | None:
    """Read the dates of items, of train or new, as ``fields.published_column`` says.

    Args:
        params: May name the column.
        items: Column -> ``[n]`` values; has that column.

    Returns:
        ``[n]`` float64 days since 1970; None where no column is named.
    """
    name = params.published_column
    if name is None:
        return None
    return published_days(items[name], f"fields.published_column={name}")


def days_since(
    published: np.ndarray, items: np.ndarray, as_of: np.ndarray
) -> np.ndarray:
    """Ages of items: ``[R]`` float64 days, NaN where the date is not known.

    Args:
        published: ``[n_items]`` float64 days since 1970, of item 1 and so on.
        items: ``[R]`` from 1; 0: unknown.
        as_of: ``[R]`` unix seconds.
    """
    return as_of / SECONDS_PER_DAY - np.append(np.nan, published)[items]


def other_columns(table: pa.Table, side: Side) -> dict[str, Column]:
    """The columns that may be fields."""
    names = [name for name in table.column_names if name not in SPECIAL[side]]
    return {name: table[name] for name in names}


def require_columns(
    params: FieldsParams, there: Mapping[Side, Collection[str]]
) -> None:
    """Refuse parameters that name a column that is not there.

    Args:
        params: Name columns.
        there: Columns that may be fields, by side.

    Raises:
        ValueError: Naming the first, and near names.
    """
    names = {name for columns in there.values() for name in columns}
    published = params.published_column
    for parameter, used, known in (
        ("context", params.context, {*there.get("row", ()), GROUP_SIZE}),
        ("clicked", params.clicked, {*there.get("row", ())}),
        ("published_column", [published] if published else [], {*there["item"]}),
        (
            "columns",
            params.columns,
            {*names, *params.context, *params.clicked_columns, *params.time},
        ),
    ):
        for name in used:
            if name not in known:
                raise ValueError(
                    f"fields.{parameter} names '{name}', and there is no such column: "
                    f"{suggest(name, known)}"
                )
