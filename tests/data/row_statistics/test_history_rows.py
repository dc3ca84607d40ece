"""Rows as arrays: reading, cutting, and pooling over the history."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statistic_worlds import DAY, Row, assert_pooled, history_rows, rows_table

from mmctr.data.row_statistics.rows import UNDATED_AS_OF, HistoryRows

# Few different values, so that the largest ones are often ties.
VALUES = st.lists(
    st.lists(st.sampled_from([-1.0, 0.0, 0.25, 0.5, 2.0]), max_size=6),
    min_size=1,
    max_size=6,
)


def rows_of(values: list[list[float]]) -> tuple[HistoryRows, np.ndarray]:
    """Rows with as many history items as there are values, and the values flat."""
    histories = [list(range(1, len(own) + 1)) for own in values]
    flat = np.array(sum(values, []), np.float32)
    return history_rows([1] * len(values), histories), flat


@given(values=VALUES)
@settings(deadline=None)
def test_pools_are_those_of_plain_loops(values):
    rows, flat = rows_of(values)
    found = rows.pool("x", flat)
    assert {column.dtype for column in found.values()} == {np.dtype(np.float32)}
    assert_pooled(found, "x", values)


@given(values=VALUES)
@settings(deadline=None)
def test_sums_and_means_are_those_of_plain_loops(values):
    rows, flat = rows_of(values)
    assert rows.sum(flat).tolist() == [sum(own) for own in values]
    expected = [np.mean(own) if own else np.nan for own in values]
    np.testing.assert_allclose(rows.mean(flat), expected, rtol=1e-6)
    matrix = np.stack([flat, -flat], axis=1)
    assert rows.sum(matrix).tolist() == [[sum(own), -sum(own)] for own in values]


def test_the_newest_item_is_the_last_and_weighs_most():
    rows, flat = rows_of([[1.0, 0.0], [0.0, 1.0]])
    found = rows.pool("x", flat)
    assert found["x_last"].tolist() == [0, 1]
    np.testing.assert_allclose(found["x_recent"], [0.7 / 1.7, 1 / 1.7], rtol=1e-6)


def test_of_equal_values_each_counts_among_the_top():
    rows, flat = rows_of([[2.0, 2.0, 2.0, 1.0], [2.0, 1.0, 1.0, 0.0], [3.0, 1.0]])
    expected = [2, 4 / 3, 2]
    np.testing.assert_allclose(rows.pool("x", flat)["x_top3"], expected, rtol=1e-6)


def test_very_long_histories_have_finite_weights():
    rows, flat = rows_of([[1.0] * 5000])
    assert rows.pool("x", flat)["x_recent"].tolist() == [1]


@given(values=VALUES, size=st.integers(1, 4))
@settings(deadline=None)
def test_pieces_are_the_rows_in_order(values, size):
    rows, flat = rows_of(values)
    whole = rows.pool("x", flat)["x_recent"]
    found = np.full(len(rows), -9.0)
    for part, piece in rows.pieces(size):
        own = flat[rows.offsets[part.start] : rows.offsets[part.stop]]
        found[part] = piece.pool("x", own)["x_recent"]
    np.testing.assert_array_equal(found, whole)


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
