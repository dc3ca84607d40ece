"""Values per history item as values of the row."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from statistic_worlds import assert_pooled, history_rows

from mmctr.data.row_statistics.pooling import pool, pool_sparse
from mmctr.data.row_statistics.rows import HistoryRows

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
    found = pool(rows, {"x": flat, "y": -flat})
    assert {column.dtype for column in found.values()} == {np.dtype(np.float32)}
    assert_pooled(found, "x", values)
    assert_pooled(found, "y", [[-value for value in own] for own in values])


@given(values=VALUES)
@settings(deadline=None)
def test_pools_of_few_values_are_those_of_all(values):
    rows, flat = rows_of(values)
    places = np.flatnonzero(flat)
    found = pool_sparse(rows, places, {"x": flat[places], "y": flat[places] ** 2})
    expected = pool(rows, {"x": flat, "y": flat**2})
    assert list(found) == list(expected)
    for name, column in expected.items():
        np.testing.assert_array_equal(found[name], column, err_msg=name)


@given(values=VALUES)
@settings(deadline=None)
def test_sums_and_means_are_those_of_plain_loops(values):
    rows, flat = rows_of(values)
    assert rows.sum(flat).tolist() == [sum(own) for own in values]
    expected = [np.mean(own) if own else np.nan for own in values]
    np.testing.assert_allclose(rows.mean(flat), expected, rtol=1e-6)
    both = rows.sum(np.stack([flat, -flat]))
    assert both.tolist() == [[sign * sum(own) for own in values] for sign in (1, -1)]


def test_the_newest_item_is_the_last_and_weighs_most():
    rows, flat = rows_of([[1.0, 0.0], [0.0, 1.0]])
    found = pool(rows, {"x": flat})
    assert found["x_last"].tolist() == [0, 1]
    np.testing.assert_allclose(found["x_recent"], [0.7 / 1.7, 1 / 1.7], rtol=1e-6)


def test_of_equal_values_each_counts_among_the_top():
    rows, flat = rows_of([[2.0, 2.0, 2.0, 1.0], [2.0, 1.0, 1.0, 0.0], [3.0, 1.0]])
    expected = [2, 4 / 3, 2]
    np.testing.assert_allclose(pool(rows, {"x": flat})["x_top3"], expected, rtol=1e-6)


def test_very_long_histories_have_finite_weights():
    rows, flat = rows_of([[1.0] * 5000])
    assert pool(rows, {"x": flat})["x_recent"].tolist() == [1]


@given(values=VALUES, size=st.integers(1, 4))
@settings(deadline=None)
def test_pieces_are_the_rows_in_order(values, size):
    rows, flat = rows_of(values)
    whole = pool(rows, {"x": flat})["x_recent"]
    found = np.full(len(rows), -9.0)
    for part, piece in rows.pieces(size):
        own = flat[rows.offsets[part.start] : rows.offsets[part.stop]]
        found[part] = pool(piece, {"x": own})["x_recent"]
    np.testing.assert_array_equal(found, whole)
