"""Statistics of kind codes: the same as plain loops."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from statistic_worlds import N_ITEMS, assert_pooled, history_rows, worlds

from mmctr.data.row_statistics.codes import code_statistics


@given(world=worlds(), seed=st.integers(0, 2**16), positions=st.integers(1, 4))
@settings(deadline=None)
def test_shared_codes_are_those_of_plain_loops(world, seed, positions):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 3, (N_ITEMS + 2, positions))
    codes[0] = 0
    found = code_statistics(world.history_rows, codes, "image")
    shares = [
        [
            float(np.mean((codes[row.item] == codes[item]) & (codes[item] > 0)))
            for item in row.history
        ]
        for row in world.rows
    ]
    assert_pooled(found, "image", shares)


def test_of_many_positions_sixty_four_are_compared_from_all_over():
    codes = np.ones((3, 640), np.int64)
    codes[2, :320] = 2
    found = code_statistics(history_rows([1], [[2, 1]]), codes, "image")
    assert found["image_last"].tolist() == [1]
    assert found["image_mean"].tolist() == [0.75]
