"""Vectors as list columns."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmctr.data.vector_columns import vector_column, vector_matrix


@settings(max_examples=50, deadline=None)
@given(
    count=st.integers(1, 20),
    width=st.integers(0, 5),
    chunk=st.integers(5, 30),
    dtype=st.sampled_from([np.float32, np.int32]),
)
def test_round_trip_over_any_chunks(count, width, chunk, dtype):
    matrix = np.arange(count * width, dtype=dtype).reshape(count, width)
    column = vector_column(matrix, chunk_values=chunk)
    assert column.type == pa.list_(pa.from_numpy_dtype(dtype))
    assert column.to_pylist() == matrix.tolist()
    back = vector_matrix(pa.table({"v": column}), "v")
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, matrix)


def test_round_trip_through_parquet(tmp_path):
    matrix = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)
    path = tmp_path / "vectors.parquet"
    table = pa.table({"v": vector_column(matrix)})
    pq.write_table(table, path, row_group_size=9)
    np.testing.assert_array_equal(vector_matrix(pq.read_table(path), "v"), matrix)


def test_a_slice_of_a_table_gives_its_own_rows():
    matrix = np.arange(12, dtype=np.float32).reshape(6, 2)
    table = pa.table({"v": vector_column(matrix)}).slice(2, 3)
    np.testing.assert_array_equal(vector_matrix(table, "v"), matrix[2:5])


def test_a_column_major_matrix_keeps_its_values():
    matrix = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    assert vector_column(matrix).to_pylist() == matrix.tolist()


def test_no_rows_are_no_vectors():
    table = pa.table({"v": vector_column(np.zeros((0, 4), np.float32))})
    assert vector_matrix(table, "v").shape == (0, 0)


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ([[1.0, 2.0], [3.0], [4.0, 5.0]], r"first \[1\]"),
        ([[1.0, 2.0], None, [4.0, 5.0]], r"first \[1\]"),
        ([None, [4.0, 5.0]], r"first \[0"),
        ([[1.0, None], [4.0, 5.0]], "nulls inside"),
    ],
)
def test_ragged_rows_and_nulls_are_named(lists, message):
    table = pa.table({"v": pa.array(lists, pa.list_(pa.float32()))})
    with pytest.raises(ValueError, match=message):
        vector_matrix(table, "v")


def test_a_column_that_is_missing_or_no_list_is_an_error():
    table = pa.table({"v": [1, 2]})
    with pytest.raises(ValueError, match="no column 'w'"):
        vector_matrix(table, "w")
    with pytest.raises(ValueError, match="'v' is int64"):
        vector_matrix(table, "v")
