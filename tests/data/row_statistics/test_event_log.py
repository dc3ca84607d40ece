"""Counting events before a moment: the same as plain loops."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statistic_worlds import DAY, event_log

from mmctr.data.preparation.tables import events_table
from mmctr.data.row_statistics.event_log import EventLog, TimesByKey

KEYS = st.integers(-3, 5)
TIMES = st.one_of(st.integers(-5, 5), st.integers(1_600_000_000, 1_600_000_009))
EVENTS = st.lists(st.tuples(KEYS, TIMES), min_size=1, max_size=30)
QUESTIONS = st.lists(st.tuples(st.integers(-9, 9), TIMES), min_size=1, max_size=20)


def columns(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    keys, times = np.array(pairs, np.int64).reshape(-1, 2).T
    return keys, times


@given(events=EVENTS, questions=QUESTIONS)
@settings(deadline=None)
def test_times_by_key_are_those_of_plain_loops(events, questions):
    times = TimesByKey(*columns(events))
    keys, moments = columns(questions)
    before = [
        [time for key, time in events if key == asked and time < moment]
        for asked, moment in questions
    ]
    found = times.count_before(keys, moments)
    assert found.tolist() == [len(each) for each in before]
    nothing = np.nan
    np.testing.assert_array_equal(
        times.since_last(keys, moments),
        [m - max(e) if e else nothing for m, e in zip(moments, before, strict=True)],
    )
    np.testing.assert_array_equal(
        times.since_first(keys, moments),
        [m - min(e) if e else nothing for m, e in zip(moments, before, strict=True)],
    )


def test_an_event_at_the_moment_does_not_count():
    times = TimesByKey(np.array([7, 7]), np.array([100, 200]))
    key, moment = np.array([7]), np.array([200])
    assert times.count_before(key, moment).tolist() == [1]
    assert times.since_last(key, moment).tolist() == [100]
    assert times.count_before(key, moment + 1).tolist() == [2]


def test_a_moment_long_after_the_log_counts_all_of_it():
    times = TimesByKey(np.array([1, 2, 2]), np.array([0, 1, 2]))
    assert times.count_before(np.array([1, 2]), np.full(2, 10**12)).tolist() == [1, 2]


@pytest.mark.parametrize("statistic", ["count_before", "since_last", "since_first"])
def test_an_empty_log_knows_nothing(statistic):
    times = TimesByKey(np.zeros(0, np.int64), np.zeros(0, np.int64))
    found = getattr(times, statistic)(np.array([0, 3]), np.array([5, -5]))
    expected = 0 if statistic == "count_before" else np.nan
    np.testing.assert_array_equal(found, [expected, expected])


def test_users_get_codes_and_others_get_none():
    log = event_log([(40, 1, 0), (20, 1, 1), (40, 2, 2)])
    codes = log.codes_of(pa.chunked_array([[20, 99, 40], [20]]))
    assert codes[0] == codes[3]
    assert codes[1] == -1
    counts = log.by_user.count_before(codes, np.full(4, 9 * DAY))
    assert counts.tolist() == [1, 0, 2, 1]


def test_a_log_without_times_is_undated_and_counts_always():
    users, items = pa.array(["b", "a", "b"]), np.array([1, 1, 2])
    log = EventLog.from_arrow(events_table(users, items, None))
    assert not log.dated
    codes = log.codes_of(pa.chunked_array([["b"]]))
    assert log.by_user.count_before(codes, np.array([1])).tolist() == [2]


def test_a_log_with_some_times_is_refused():
    table = pa.table({"user_id": [1, 2], "item_id": [1, 1], "timestamp": [5, None]})
    with pytest.raises(ValueError, match="'timestamp' is empty in some rows"):
        EventLog.from_arrow(table)
