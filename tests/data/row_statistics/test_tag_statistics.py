"""Statistics of kind tags: the same as plain loops."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from statistic_worlds import N_ITEMS, assert_pooled, history_rows, worlds

from mmctr.data.row_statistics.tags import tag_matrix, tag_statistics

TAGS = st.lists(
    st.sets(st.integers(1, 4), max_size=3),
    min_size=N_ITEMS + 1,
    max_size=N_ITEMS + 1,
)


@given(world=worlds(), tags=TAGS)
@settings(deadline=None)
def test_shared_tags_are_those_of_plain_loops(world, tags):
    lists = [[], *(sorted(own) for own in tags)]
    matrix = tag_matrix(pa.chunked_array([lists], pa.list_(pa.int32())))
    if not any(tags):
        assert tag_statistics(world.history_rows, matrix) == {}
        return
    sets = [set(own) for own in lists]
    cosines = [
        [
            len(sets[row.item] & sets[item])
            / max(np.sqrt(len(sets[row.item]) * len(sets[item])), 1)
            for item in row.history
        ]
        for row in world.rows
    ]
    found = tag_statistics(world.history_rows, matrix)
    assert_pooled(found, "shared", cosines)


def test_chunks_of_tags_are_one_column():
    parts = [pa.array([[], [1, 2]], pa.list_(pa.int32()))]
    parts.append(pa.array([[2]], pa.list_(pa.int32())))
    matrix = tag_matrix(pa.chunked_array(parts))
    found = tag_statistics(history_rows([1], [[2]]), matrix)
    np.testing.assert_allclose(found["shared_max"], [1 / np.sqrt(2)], rtol=1e-4)
