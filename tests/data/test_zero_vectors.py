"""Items without a vector are counted and named."""

import numpy as np
import pytest

from mmctr.data.zero_vectors import warn_of_zero_vectors


def test_the_first_ones_are_named(caplog):
    vectors = np.ones((9, 2), np.float32)
    vectors[[0, 2, 3, 5, 7, 8]] = 0
    vectors[1, 0] = 0
    told = warn_of_zero_vectors("covers", vectors, list("abcdefghi"))
    assert told == {"count": 6, "first_items": ["a", "c", "d", "f", "h"]}
    (record,) = caplog.records
    assert (
        "covers: 6 of 9 vectors are all zero, of items ['a', 'c', 'd', 'f', 'h'] and "
        "others (rows [0, 2, 3, 5, 7])"
    ) in record.getMessage()


@pytest.mark.parametrize("shape", [(3, 0), (3, 2)])
def test_whole_or_absent_vectors_are_no_matter(caplog, shape):
    vectors = np.ones(shape, np.float32)
    assert warn_of_zero_vectors("covers", vectors, range(3)) == {
        "count": 0,
        "first_items": [],
    }
    assert not caplog.records
