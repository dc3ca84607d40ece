"""Tiny click logs and rows, and plain loops that count in them."""

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from mmctr.data.preparation.tables import events_table
from mmctr.data.row_statistics.event_log import EventLog
from mmctr.data.row_statistics.rows import HistoryRows

DAY = 86_400
N_USERS, N_ITEMS, LAST_DAY = 4, 6, 12

Click = tuple[int, int, int]
"""User, item and day."""


@dataclass(frozen=True)
class Row:
    """A row of a primary table; ``as_of`` is a day."""

    user: int
    item: int
    history: list[int]
    as_of: int


@dataclass(frozen=True)
class World:
    """Clicks in any order, and rows about the same users and items."""

    clicks: list[Click]
    rows: list[Row]

    @property
    def log(self) -> EventLog:
        """The clicks as statistics take them."""
        return event_log(self.clicks)

    @property
    def history_rows(self) -> HistoryRows:
        """The rows as statistics take them, with the log's codes of the users."""
        users = self.log.codes_of(pa.chunked_array([[row.user for row in self.rows]]))
        return history_rows(
            [row.item for row in self.rows],
            [row.history for row in self.rows],
            users=users,
            as_of=[row.as_of * DAY for row in self.rows],
        )

    def before(self, row: Row, **only: int) -> list[Click]:
        """Clicks before the row's ``as_of``, of one ``user`` or ``item``."""
        return [
            click
            for click in self.clicks
            if click[2] < row.as_of
            and only.get("user", click[0]) == click[0]
            and only.get("item", click[1]) == click[1]
        ]


def event_log(clicks: list[Click]) -> EventLog:
    """Clicks by day as a log in seconds."""
    users, items, days = np.array(clicks, np.int64).reshape(-1, 3).T
    return EventLog.from_arrow(events_table(pa.array(users), items, days * DAY))


def history_rows(
    items: list[int],
    histories: list[list[int]],
    *,
    users: np.ndarray | None = None,
    as_of: list[int] | None = None,
) -> HistoryRows:
    """Rows with these targets and histories; by default of no user, at second 1."""
    lengths = [len(history) for history in histories]
    return HistoryRows(
        users=np.full(len(items), -1) if users is None else users,
        items=np.array(items, np.int64),
        as_of=np.array(as_of or [1] * len(items), np.int64),
        history=np.array(sum(histories, []), np.int64),
        offsets=np.cumsum([0, *lengths]),
    )


def rows_table(rows: list[Row]) -> pa.Table:
    """Rows as a primary table."""
    return pa.table(
        {
            "user_id": pa.array([row.user for row in rows], pa.int64()),
            "item_id": pa.array([row.item for row in rows], pa.int64()),
            "item_seq": pa.array([row.history for row in rows], pa.list_(pa.int32())),
            "as_of": pa.array([row.as_of * DAY for row in rows], pa.int64()),
        }
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Worlds with repeats, ties, empty histories, users and items without clicks."""
    users, items = st.integers(1, N_USERS), st.integers(1, N_ITEMS)
    days = st.integers(0, LAST_DAY)
    row = st.builds(
        Row,
        user=st.integers(1, N_USERS + 1),
        item=st.integers(0, N_ITEMS + 1),
        history=st.lists(st.integers(1, N_ITEMS + 1), max_size=5),
        as_of=st.integers(0, LAST_DAY + 2),
    )
    clicks = draw(st.lists(st.tuples(users, items, days), min_size=1, max_size=30))
    return World(clicks, draw(st.lists(row, min_size=1, max_size=6)))


def pooled(values: list[float]) -> dict[str, float]:
    """What :meth:`HistoryRows.pool` makes of one row's values."""
    if not values:
        return dict.fromkeys(("max", "mean", "last", "recent", "top3"), math.nan)
    weights = [0.7**newer for newer in range(len(values))][::-1]
    top = sorted(values)[-3:]
    return {
        "max": max(values),
        "mean": sum(values) / len(values),
        "last": values[-1],
        "recent": sum(np.multiply(weights, values)) / sum(weights),
        "top3": sum(top) / len(top),
    }


def assert_pooled(
    found: dict[str, np.ndarray], prefix: str, values: list[list[float]]
) -> None:
    """Compare ``prefix_*`` with the pools of each row's values."""
    for row, own in enumerate(values):
        for name, expected in pooled(own).items():
            np.testing.assert_allclose(
                found[f"{prefix}_{name}"][row],
                expected,
                rtol=1e-5,
                atol=1e-5,
                err_msg=f"{prefix}_{name} of row {row}",
            )


def assert_rows(found: dict[str, np.ndarray], expected: list[dict[str, float]]) -> None:
    """The same names and float32 numbers, row by row."""
    for name, column in found.items():
        assert column.dtype == np.float32
        numbers = [row.pop(name) for row in expected]
        np.testing.assert_allclose(
            column, numbers, rtol=1e-5, atol=1e-5, err_msg=name, equal_nan=True
        )
    assert expected == [{}] * len(expected)
