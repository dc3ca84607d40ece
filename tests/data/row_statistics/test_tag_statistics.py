"""Statistics of kind tags: the same as plain loops."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from statistic_worlds import N_ITEMS, assert_pooled, history_rows, worlds

from mmctr.data.fields.field import MISSING, RARE
from mmctr.data.row_statistics.tags import tag_matrix, tag_statistics

LISTS = pa.list_(pa.int32())
TAGS = st.lists(
    st.sets(st.integers(1, 4), max_size=3),
    min_size=N_ITEMS + 1,
    max_size=N_ITEMS + 1,
)


def item_table(parts: list[pa.Array]) -> pa.Table:
    """Tags from 1 as codes of the field."""
    codes = [
        pa.array([[tag + RARE for tag in tags] for tags in part.to_pylist()], LISTS)
        for part in parts
    ]
    return pa.table({"field_tags": pa.chunked_array(codes)})


@given(world=worlds(), tags=TAGS)
@settings(deadline=None)
def test_shared_tags_are_those_of_plain_loops(world, tags):
    lists = [[], *(sorted(own) for own in tags)]
    matrix = tag_matrix(item_table([pa.array(lists, LISTS)]))
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


def test_without_the_field_and_of_lists_that_are_missing_there_are_no_tags():
    assert tag_matrix(pa.table({"item_id": [0, 1]})) is None
    missing = pa.array([[], [MISSING]], LISTS)
    assert tag_matrix(pa.table({"field_tags": missing})) is None


def test_chunks_of_tags_are_one_column():
    parts = [pa.array([[], [1, 2]], LISTS), pa.array([[2]], LISTS)]
    matrix = tag_matrix(item_table(parts))
    found = tag_statistics(history_rows([1], [[2]]), matrix)
    np.testing.assert_allclose(found["shared_max"], [1 / np.sqrt(2)], rtol=1e-4)
