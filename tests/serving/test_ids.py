"""The caller's ids, whatever their type."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmctr.serving.ids import ItemIds


@given(st.lists(st.integers(-(2**62), 2**62), unique=True, min_size=1))
def test_numbers_lead_back_to_the_ids(ids):
    found = ItemIds(pa.chunked_array([pa.array(ids)]))
    numbers = found.numbers(ids)
    assert numbers.tolist() == list(range(1, len(ids) + 1))
    assert found.of(numbers) == ids
    assert found.numbers(np.array(ids)).tolist() == numbers.tolist()
    assert found.numbers([None, *ids]).tolist() == [0, *numbers.tolist()]


def test_unknown_and_empty_ids_have_the_number_0():
    text = ItemIds(pa.chunked_array([["a", "b"]]))
    assert text.numbers(["b", None, "c", "a"]).tolist() == [2, 0, 0, 1]
    assert text.numbers([]).shape == text.numbers(pa.nulls(0)).shape == (0,)
    assert text.numbers([None]).tolist() == [0]
    numbers = ItemIds(pa.chunked_array([[7, 5]]))
    assert numbers.numbers([5, None, 6]).tolist() == [2, 0, 0]


@pytest.mark.parametrize(
    ("ids", "asked"),
    [(["1", "2"], [1]), ([1, 2], ["1"]), ([1, 2], [1.5]), ([1], [[1]])],
)
def test_ids_of_another_type_are_refused(ids, asked):
    with pytest.raises(ValueError, match="item ids of this bundle are"):
        ItemIds(pa.chunked_array([ids])).numbers(asked)
