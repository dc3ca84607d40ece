"""Jagged rows against plain lists."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmctr.runtime import jagged
from mmctr.runtime.jagged import keep_last, take_ranges

ROWS = st.lists(st.lists(st.integers(0, 99), max_size=6), max_size=8)


def flatten(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Rows as values and offsets."""
    lengths = [len(row) for row in rows]
    return np.array(sum(rows, []), int), np.append(0, np.cumsum(lengths)).astype(int)


def unflatten(values: np.ndarray, offsets: np.ndarray) -> list[list[int]]:
    """Values and offsets as rows."""
    ranges = zip(offsets[:-1], offsets[1:], strict=True)
    return [values[start:end].tolist() for start, end in ranges]


@given(rows=ROWS, length=st.integers(1, 7))
def test_the_last_values_are_kept(rows, length):
    assert unflatten(*keep_last(flatten(rows), length)) == [
        row[-length:] for row in rows
    ]


@given(rows=ROWS, data=st.data(), at_once=st.sampled_from([1, 5, 1000]))
def test_any_rows_can_be_taken_in_any_order(rows, data, at_once):
    values, offsets = flatten(rows)
    places = st.integers(0, len(rows) - 1) if rows else st.nothing()
    wanted = data.draw(st.lists(places, max_size=5)) if rows else []
    starts, ends = (each[np.array(wanted, int)] for each in (offsets[:-1], offsets[1:]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jagged, "_PLACES", at_once)
        taken = take_ranges(values, starts, ends)
    assert unflatten(*taken) == [rows[place] for place in wanted]
