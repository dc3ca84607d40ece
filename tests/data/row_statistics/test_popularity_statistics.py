"""Statistics of kind popularity: the same as plain loops."""

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from pydantic import ValidationError
from statistic_worlds import (
    DAY,
    Row,
    World,
    assert_rows,
    event_log,
    history_rows,
    worlds,
)

from mmctr.data.preparation.tables import events_table
from mmctr.data.row_statistics.event_log import EventLog
from mmctr.data.row_statistics.params import RowStatisticsParams
from mmctr.data.row_statistics.popularity import Popularity, popularity_statistics

WINDOWS = (2.0, 5.0)


def item_by_loops(world: World, row: Row, item: int) -> dict[str, float]:
    days = [day for _, _, day in world.before(row, item=item)]
    short, long = (sum(day >= row.as_of - window for day in days) for window in WINDOWS)
    return {
        "events": math.log1p(len(days)),
        "events_2d": math.log1p(short),
        "events_5d": math.log1p(long),
        "trend": math.log1p(short) - math.log1p(long * 2 / 5),
        "age": math.log1p(row.as_of - min(days)) if days else math.nan,
        "idle": math.log1p(row.as_of - max(days)) if days else math.nan,
    }


def popularity_by_loops(world: World, row: Row) -> dict[str, float]:
    found = item_by_loops(world, row, row.item)
    history = [item_by_loops(world, row, item) for item in row.history]
    for name in list(found):
        known = [each[name] for each in history if not math.isnan(each[name])]
        mean = sum(known) / len(known) if known else math.nan
        found[f"history_{name}"] = mean
        found[f"{name}_over_history"] = found[name] - mean
    return found


@given(world=worlds())
@settings(deadline=None)
def test_popularity_is_that_of_plain_loops(world):
    found = popularity_statistics(world.history_rows, Popularity(world.log, WINDOWS))
    assert_rows(found, [popularity_by_loops(world, row) for row in world.rows])


def test_a_window_begins_so_many_days_before_the_row():
    """Its first second counts, the second before does not."""
    log = event_log([(1, 1, 8), (1, 1, 6)])
    for second, counted in ((0, 2), (1, 1)):
        rows = history_rows([1], [[]], as_of=[8 * DAY + 1 + second])
        found = popularity_statistics(rows, Popularity(log, (2.0 + 1 / DAY, 90.0)))
        name = next(name for name in found if name.startswith("events_2"))
        assert found[name] == pytest.approx(math.log1p(counted))


@given(world=worlds())
@settings(deadline=None)
def test_a_time_that_comes_again_has_the_same_bits(world):
    """From the second time on, the numbers of all items are kept."""
    rows = world.history_rows
    at_one_time = replace(rows, as_of=np.full(len(rows), rows.as_of[:1].sum()))
    counted = Popularity(world.log, WINDOWS)
    first, *others = (popularity_statistics(at_one_time, counted) for _ in range(4))
    for other in others:
        for name, column in first.items():
            np.testing.assert_array_equal(other[name], column)
    anew = popularity_statistics(rows, Popularity(world.log, WINDOWS))
    for name, column in popularity_statistics(rows, counted).items():
        np.testing.assert_array_equal(column, anew[name])


def test_a_log_without_times_has_no_column_of_time():
    log = EventLog.from_arrow(events_table(pa.array([1, 2]), np.array([1, 1]), None))
    found = popularity_statistics(
        history_rows([1, 2], [[1, 2], []]), Popularity(log, WINDOWS)
    )
    assert set(found) == {"events", "history_events", "events_over_history"}
    np.testing.assert_allclose(found["events"], np.log1p([2, 0]), rtol=1e-6)
    np.testing.assert_allclose(
        found["history_events"], [np.log1p(2) / 2, np.nan], rtol=1e-6
    )


@pytest.mark.parametrize("days", [[30.0], [30.0, 30.0], [0.0, 1.0], [9.0, 3.0]])
def test_windows_must_rise(days):
    with pytest.raises(ValidationError, match="windows_days"):
        RowStatisticsParams(windows_days=days)
