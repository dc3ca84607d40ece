"""Statistics of kind history: the same as plain loops."""

import math

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from statistic_worlds import Row, World, assert_rows, history_rows, worlds

from mmctr.data.preparation.tables import events_table
from mmctr.data.row_statistics.event_log import EventLog
from mmctr.data.row_statistics.history import history_statistics


def history_by_loops(world: World, row: Row) -> dict[str, float]:
    history, item = row.history, row.item
    mine = world.before(row, user=row.user)
    newer = history[::-1].index(item) if item in history else None
    return {
        "length": math.log1p(len(history)),
        "target_count": math.log1p(history.count(item)),
        "target_newer": math.nan if newer is None else math.log1p(newer),
        "distinct": len(set(history)) / len(history) if history else math.nan,
        "user_events": math.log1p(len(mine)),
        "user_idle": math.log1p(row.as_of - max(day for _, _, day in mine))
        if mine
        else math.nan,
    }


@given(world=worlds())
@settings(deadline=None)
def test_history_is_that_of_plain_loops(world):
    found = history_statistics(world.history_rows, world.log)
    assert_rows(found, [history_by_loops(world, row) for row in world.rows])


def test_a_log_without_times_has_no_column_of_time():
    log = EventLog.from_arrow(events_table(pa.array([1, 2]), np.array([1, 1]), None))
    rows = history_rows([1, 2], [[1, 2], []], users=np.array([0, 1]))
    found = history_statistics(rows, log)
    assert set(found) == {"length", "target_count", "target_newer", "distinct"}
