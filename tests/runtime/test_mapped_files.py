"""What is read of mapped files is given back, and nothing is lost by it."""

import sys

import numpy as np
import pyarrow as pa
import pytest

from mmctr.data.columns import arrays_of
from mmctr.runtime.free_memory import mapped_memory
from mmctr.runtime.mapped_files import MappedArrays
from mmctr.runtime.scratch import scratch_array

ROWS = 3 * 10**6
SIZE = 8 * ROWS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")


@pytest.fixture
def in_file() -> np.ndarray:
    """24 MB in a file, all of it in this process's memory."""
    array = scratch_array((ROWS,), np.int64, 1)
    array[:] = np.arange(ROWS)
    return array


def as_column(array: np.ndarray) -> list[np.ndarray]:
    """The array as a table of one column has it."""
    column = pa.Array.from_buffers(pa.int64(), ROWS, [None, pa.py_buffer(array)])
    return arrays_of(pa.table({"x": column}))


@pytest.mark.parametrize("held_as", [lambda x: [x], lambda x: [x[5:]], as_column])
def test_pages_of_a_file_leave_the_memory_and_come_back(in_file, held_as):
    before = mapped_memory()
    MappedArrays(held_as(in_file)).drop_pages()
    assert before - mapped_memory() > 0.9 * SIZE
    assert np.array_equal(in_file, np.arange(ROWS))
    assert before - mapped_memory() < 0.1 * SIZE


def test_memory_that_is_no_file_is_left_alone(in_file):
    own = np.arange(ROWS)
    mapped = MappedArrays([own, in_file])
    with mapped.read_in_any_order():
        mapped.drop_pages()
    assert np.array_equal(own, in_file)


def test_few_pages_stay_and_those_of_others_do_not_count(in_file):
    other = scratch_array((ROWS,), np.int64, 1)
    other[:] = 1
    mapped = MappedArrays([in_file])
    mapped.drop_pages(over=mapped_memory() + SIZE)
    full = mapped_memory()
    mapped.drop_pages()
    assert full - mapped_memory() > 0.9 * SIZE
    total = int(in_file[: ROWS // 2].sum())
    half = mapped_memory()
    mapped.drop_pages(over=SIZE)
    assert abs(mapped_memory() - half) < 0.1 * SIZE
    assert total + int(in_file[ROWS // 2 :].sum()) == ROWS * (ROWS - 1) // 2
    mapped.drop_pages(over=SIZE // 2)
    assert half - mapped_memory() > 0.4 * SIZE
