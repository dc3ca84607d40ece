"""Logs full of ties, and what preparation must make of them, by plain loops."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

from mmctr.data.preparation.history_ranges import boundaries, history_ranges, spread
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.positives import Positives
from mmctr.data.preparation.tables import PrimaryTables
from mmctr.data.preparation.user_clicks import UserClicks
from mmctr.data.reading.source import LogSource

DAY = 86_400


def make_params(**values) -> PreparationParams:
    """Parameters with a seed."""
    return PreparationParams(**{"seed": 1, "min_history": 1} | values)


def make_source(interactions: pd.DataFrame, n_items: int, **columns: list) -> LogSource:
    """A log over items 1..n_items, which the table holds backwards."""
    items = pa.table(
        {
            "item_id": np.arange(n_items, 0, -1),
            "title": [f"item {item}" for item in range(n_items, 0, -1)],
            **columns,
        }
    )
    images = np.zeros((n_items, 0), np.float32)
    return LogSource(arrow_table(interactions), items, images)


def arrow_table(frame: pd.DataFrame) -> pa.Table:
    """The columns of a frame, without its index."""
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()


def with_log(source: LogSource, frame: pd.DataFrame) -> LogSource:
    """The source with another log."""
    return replace(source, log=arrow_table(frame))


def with_copies(source: LogSource, seed: int) -> LogSource:
    """The source with some events of its log several times, in any order."""
    rng = np.random.default_rng(seed)
    frame = source.log.to_pandas()
    times = rng.choice([1, 1, 2, 5], len(frame))
    repeated = frame.loc[frame.index.repeat(times)]
    return with_log(source, repeated.sample(frac=1, random_state=seed))


def random_source(
    seed: int,
    *,
    users: int = 30,
    n_items: int = 40,
    events: int = 600,
    days: int = 60,
) -> LogSource:
    """A log of whole days, so that most events share their timestamp with others."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, n_items + 1)
    interactions = pd.DataFrame(
        {
            "user_id": rng.integers(100, 100 + users, events),
            "item_id": rng.choice(n_items, events, p=weights / weights.sum()) + 1,
            "timestamp": rng.integers(0, days, events) * DAY,
        }
    )
    return make_source(interactions, n_items)


@st.composite
def logs(draw: st.DrawFn) -> LogSource:
    """Logs of a few users, items and days in any order, with repeated events."""
    n_items = draw(st.integers(6, 12))
    event = st.tuples(
        st.integers(1, 4), st.integers(1, n_items), st.integers(0, 12).map(DAY.__mul__)
    )
    events = draw(st.lists(event, min_size=20, max_size=60))
    frame = pd.DataFrame(events, columns=["user_id", "item_id", "timestamp"])
    return make_source(frame, n_items)


@dataclass(frozen=True)
class Event:
    """One event of the log; ``item`` is its row in the item table, from 1."""

    user: object
    item: int
    timestamp: int


def distinct_events(source: LogSource) -> set[Event]:
    """The log's events, equal ones once."""
    rows = {
        item: row for row, item in enumerate(source.items["item_id"].to_pylist(), 1)
    }
    frame = source.log.to_pandas()
    return {
        Event(user, rows[item], int(timestamp))
        for user, item, timestamp in zip(
            frame["user_id"], frame["item_id"], frame["timestamp"], strict=True
        )
    }


def events_in_time(tables: PrimaryTables) -> list[Event]:
    """Events in the order that preparation chose: ``group_id`` is the position."""
    return [
        Event(row["user_id"], row["item_id"], row["timestamp"])
        for row in tables.events.to_pylist()
    ]


def histories(events: list[Event], max_history: int) -> list[list[int]]:
    """Items of each user's strictly earlier events, newest last."""
    seen: dict[object, list[Event]] = {}
    found = []
    for event in events:
        mine = seen.setdefault(event.user, [])
        earlier = [other for other in mine if other.timestamp < event.timestamp]
        found.append([other.item for other in earlier[-max_history:]])
        mine.append(event)
    return found


def as_positives(
    users: np.ndarray,
    items: np.ndarray,
    timestamps: np.ndarray,
    *,
    max_history: int = 100,
) -> Positives:
    """Events in time order that are a part and the whole log."""
    order = np.lexsort((timestamps, users))
    new_user, new_time = boundaries(users, timestamps, order)
    start, end, until = (
        spread(each, new_time, order)
        for each in history_ranges(new_user, new_time, max_history)
    )
    clicks = UserClicks(items[order])
    every = np.arange(len(users))
    return Positives(every, users, items, timestamps, start, end, until, clicks)


def groups(table: pa.Table) -> dict[int, list[dict]]:
    """Rows of each group, in order."""
    found: dict[int, list[dict]] = {}
    for row in table.to_pylist():
        found.setdefault(row["group_id"], []).append(row)
    return found
