"""Vectors as list columns."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmctr.data.columns import lists_of_rows, matrix_column


@settings(max_examples=50, deadline=None)
@given(
    count=st.integers(1, 20),
    width=st.integers(0, 5),
    dtype=st.sampled_from([np.float32, np.int32]),
)
def test_round_trip_of_any_shape(count, width, dtype):
    matrix = np.arange(count * width, dtype=dtype).reshape(count, width)
    column = lists_of_rows(matrix)
    assert column.type == pa.list_(pa.from_numpy_dtype(dtype))
    assert column.to_pylist() == matrix.tolist()
    back = matrix_column(pa.table({"v": column}), "v", "codes")
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, matrix)


def test_round_trip_through_parquet(tmp_path):
    matrix = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)
    path = tmp_path / "vectors.parquet"
    table = pa.table({"v": lists_of_rows(matrix)})
    pq.write_table(table, path, row_group_size=9)
    np.testing.assert_array_equal(
        matrix_column(pq.read_table(path), "v", "codes"), matrix
    )


def test_a_slice_of_a_table_gives_its_own_rows():
    matrix = np.arange(12, dtype=np.float32).reshape(6, 2)
    table = pa.table({"v": lists_of_rows(matrix)}).slice(2, 3)
    np.testing.assert_array_equal(matrix_column(table, "v", "codes"), matrix[2:5])


def test_a_column_major_matrix_keeps_its_values():
    matrix = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    assert lists_of_rows(matrix).to_pylist() == matrix.tolist()


def test_no_rows_are_no_vectors():
    table = pa.table({"v": lists_of_rows(np.zeros((0, 4), np.float32))})
    assert matrix_column(table, "v", "codes").shape == (0, 0)


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        (
            [[1.0, 2.0], [3.0], [4.0, 5.0]],
            r"lists of length 2, but rows \[1\] have \[1\]",
        ),
        ([[1.0, 2.0], None, [4.0, 5.0]], r"is empty in rows \[1\]"),
        ([None, [4.0, 5.0]], r"is empty in rows \[0\]"),
        ([[1.0, None], [4.0, 5.0]], r"has empty values in rows \[0\]"),
    ],
)
def test_ragged_rows_and_nulls_are_named(lists, message):
    table = pa.table({"v": pa.array(lists, pa.list_(pa.float32()))})
    with pytest.raises(ValueError, match=message):
        matrix_column(table, "v", "codes")


def test_a_column_that_is_missing_or_no_list_is_an_error():
    table = pa.table({"v": [1, 2]})
    with pytest.raises(KeyError, match="w"):
        matrix_column(table, "w", "codes")
    with pytest.raises(ValueError, match="codes: column 'v' is int64; expected a list"):
        matrix_column(table, "v", "codes")
