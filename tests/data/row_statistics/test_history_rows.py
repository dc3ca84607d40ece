"""Rows as arrays: reading and comparing them."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statistic_worlds import DAY, Row, history_rows, rows_table

from mmctr.data.row_statistics.rows import UNDATED_AS_OF, HistoryRows


@given(histories=st.lists(st.lists(st.integers(1, 2), max_size=2), min_size=1))
@settings(deadline=None)
def test_neighbours_of_one_history_have_one_number(histories):
    rows = history_rows([1] * len(histories), histories)
    expected = np.cumsum(
        [0] + [a != b for a, b in zip(histories, histories[1:], strict=False)]
    )
    assert rows.number_of_history.tolist() == expected.tolist()
    firsts = [expected.tolist().index(number) for number in range(expected[-1] + 1)]
    assert rows.first_of_history.tolist() == firsts


ROWS = [Row(1, 3, [4, 5, 6], 10), Row(2, 1, [], 20)]
USERS = np.array([0, 1])


def test_a_table_is_read_with_the_newest_items_and_the_limit():
    table = rows_table(ROWS)
    rows = HistoryRows.from_arrow(table, USERS, 2, None)
    assert rows.history.tolist() == [5, 6]
    assert rows.lengths.tolist() == [2, 0]
    assert rows.as_of.tolist() == [10 * DAY, 20 * DAY]
    limited = HistoryRows.from_arrow(table, USERS, 2, 15 * DAY)
    assert limited.as_of.tolist() == [10 * DAY, 15 * DAY]


def test_a_slice_of_a_table_is_read_as_its_rows():
    table = pa.concat_tables([rows_table(ROWS), rows_table(ROWS[::-1])])
    rows = HistoryRows.from_arrow(table.slice(1, 2), USERS, 9, None)
    assert rows.history.tolist() == []
    rows = HistoryRows.from_arrow(table.slice(3), USERS[:1], 9, None)
    assert rows.history.tolist() == [4, 5, 6]


def test_rows_without_times_come_after_every_event():
    table = rows_table(ROWS).set_column(3, "as_of", pa.nulls(2, pa.int64()))
    rows = HistoryRows.from_arrow(table, USERS, 9, 15 * DAY)
    assert rows.as_of.tolist() == [UNDATED_AS_OF] * 2


def test_rows_of_which_some_have_no_time_are_refused_by_name():
    table = rows_table(ROWS).set_column(3, "as_of", pa.array([5, None]))
    with pytest.raises(ValueError, match=r"'as_of' is empty in rows \[1\]"):
        HistoryRows.from_arrow(table, USERS, 9, None)
