"""Columns of raw files: what they give, and word for word what is wrong with them."""

import numpy as np
import pyarrow as pa
import pytest

from mmctr.data.columns import (
    id_list_column,
    list_column,
    scalar_column,
    vector_column,
)

FILE = "there/log.parquet"
WHERE = f"{FILE}: column 'c'"


def table(values: list, kind: pa.DataType | None = None) -> pa.Table:
    return pa.table({"c": pa.array(values, kind)})


def message(read, *arguments, **options) -> str:
    with pytest.raises(ValueError) as caught:
        read(*arguments, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "largest"),
    [
        (pa.float16(), 2**11),
        (pa.float32(), 2**24),
        (pa.float64(), 2**53),
        (pa.int64(), 2**63 - 1),
        (pa.uint64(), 2**63 - 1),
    ],
)
def test_a_whole_number_is_taken_as_far_as_its_type_tells_it_from_others(kind, largest):
    values = np.array([0, largest], kind.to_pandas_dtype())
    found = scalar_column(table(pa.array(values)), "c", "integer", FILE)
    assert found.equals(pa.array([0, largest], pa.int64()))


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (pa.float16(), [2.0**11 + 2, 0.5]),
        (pa.float32(), [2.0**24 + 2, -(2.0**24) - 2, float("inf")]),
        (pa.float64(), [2.0**53 + 2, 1e300, -0.25]),
        (pa.uint64(), [2**63, 2**64 - 1]),
    ],
)
def test_a_number_that_is_not_whole_or_too_big_is_told(kind, wrong):
    for value in wrong:
        values = pa.array(np.array([1, value], kind.to_pandas_dtype()))
        said = message(scalar_column, table(values), "c", "integer", FILE)
        assert said.startswith(
            f"{WHERE} must hold whole numbers that {values.type} and int64 hold exactly"
            "; rows [1] hold ["
        )


def test_five_rows_are_named_and_no_more():
    halves = [0.5, 1, 2.5, 3.5, 4.5, 5.5, 6.5]
    assert message(scalar_column, table(halves), "c", "integer", FILE) == (
        f"{WHERE} must hold whole numbers that double and int64 hold exactly; rows "
        "[0, 2, 3, 4, 5] hold [0.5, 2.5, 3.5, 4.5, 5.5]"
    )
    empty = [None, None, None, 1, None, None, None]
    for kind in ("integer", "id"):
        assert message(scalar_column, table(empty, pa.int8()), "c", kind, FILE) == (
            f"{WHERE} is empty in rows [0, 1, 2, 4, 5]; fill them or drop the rows"
        )


def test_what_is_no_column_of_its_kind_is_told():
    flags = table([True, False])
    for kind, words in (
        ("integer", "whole numbers"),
        ("id", "whole numbers or text"),
        ("text", "text"),
    ):
        assert message(scalar_column, flags, "c", kind, FILE) == (
            f"{WHERE} is bool; expected {words}: convert the column"
        )
    assert message(list_column, flags, "c", FILE) == (
        f"{WHERE} is bool; expected a list in every row: convert the column"
    )
    assert message(list_column, table([["a"]]), "c", FILE) == (
        f"{WHERE} holds lists of string; expected numbers"
    )


def test_lists_of_nothing_have_no_type_to_be_wrong():
    values, offsets = list_column(table([[], []], pa.list_(pa.string())), "c", FILE)
    assert values.tolist() == []
    assert offsets.tolist() == [0, 0, 0]


def test_lists_with_empty_values_are_named_by_their_rows():
    lists = [[1], [None, None], [2, None], [None], [None], [None], [None]]
    for read in (list_column, vector_column):
        assert message(read, table(lists), "c", FILE) == (
            f"{WHERE} has empty values in rows [1, 2, 3, 4, 5]; "
            "fill them or drop the rows"
        )


def ids(lists: list, kind: pa.DataType | None = None, *, in_front: bool = True):
    column = table(lists, pa.list_(kind) if kind else None)
    return id_list_column(column, "c", FILE, padded_in_front=in_front)


def test_ids_without_their_padding():
    found = ids([[0, 0, 7], [0, 0, 0], [4, 5, 6]], pa.float32())
    assert found.type == pa.large_list(pa.int64())
    assert found.to_pylist() == [[7], [], [4, 5, 6]]
    # Where the order does not count, padding may lie anywhere.
    assert ids([[1, 0, 7], [0, 3, 0]], in_front=False).to_pylist() == [[1, 7], [3]]


@pytest.mark.parametrize("in_front", [True, False])
def test_rows_without_a_list_have_no_ids(in_front):
    assert ids([[], [], []], pa.int64(), in_front=in_front).to_pylist() == [[]] * 3


def test_lists_of_another_length_are_told():
    lists = [[1, 2]] * 7 + [[1]] * 3 + [[1, 2, 3]] * 3
    assert message(ids, lists) == (
        f"{WHERE} has lists of length 2, but rows [7, 8, 9, 10, 11] have "
        "[1, 1, 1, 3, 3]; pad every list with 0 to one length"
    )


def test_values_that_are_no_ids_are_told():
    lists = [[1, 2], [-1, 2], [1, 0.5], [-3, -4], [1, 2.0**60], [-1, 1], [-1, 1]]
    assert message(ids, lists, pa.float64()) == (
        f"{WHERE} has values that are no ids in rows [1, 2, 3, 4, 5]; "
        "expected whole numbers, 0 (padding) or above"
    )


def test_padding_behind_an_id_is_told():
    lists = [[0, 1, 2], [1, 0, 2], [1, 2, 0], *[[0, 1, 0]] * 5]
    assert message(ids, lists) == (
        f"{WHERE} has padding (0) after an id in rows [1, 2, 3, 4, 5]; "
        "histories are padded in front, the newest item last"
    )


def test_vectors_of_another_width_or_not_finite_are_told_with_their_items():
    remedy = "compute these vectors again or drop the rows"
    lists = [[1.0, 2.0]] * 3 + [[1.0]]
    assert message(vector_column, table(lists), "c", FILE) == (
        f"{WHERE} has vectors of length 2, but rows [3] have [1]; {remedy}"
    )
    nan, huge = float("nan"), 1e300  # which float32 does not hold
    lists = [[1.0, 2.0], [nan, nan], [1.0, huge], *[[nan, 1.0]] * 4]
    wrong = f"{WHERE} has NaN or infinite values in rows [1, 2, 3, 4, 5]"
    with np.errstate(over="raise"):
        assert message(vector_column, table(lists), "c", FILE) == f"{wrong}; {remedy}"
        assert message(vector_column, table(lists), "c", FILE, list("abcdefg")) == (
            f"{wrong} (item_id ['b', 'c', 'd', 'e', 'f']); {remedy}"
        )


def test_vectors_are_rows_of_floats():
    found = vector_column(table([[1, 2], [3, 4]]), "c", FILE)
    assert found.dtype == np.float32
    assert found.tolist() == [[1, 2], [3, 4]]


def test_a_file_without_the_column_has_vectors_of_no_width():
    assert vector_column(table([1, 2]), "d", FILE).shape == (2, 0)
    assert vector_column(table([1, 2]), None, FILE).shape == (2, 0)
