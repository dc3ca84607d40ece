"""Popularity levels and tags."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmctr.data.preparation.levels import item_levels, quantile_levels, tag_ids

NUMBERS = st.lists(st.integers(0, 50).map(float), min_size=1, max_size=60).map(np.array)


def test_different_numbers_fill_eleven_levels_evenly():
    values = np.random.default_rng(0).permutation(1_100).astype(float)
    levels = quantile_levels(values, values)
    assert np.bincount(levels).tolist() == [100] * 11
    assert (np.diff(levels[np.argsort(values)]) >= 0).all()


@given(NUMBERS)
def test_levels_are_monotone_and_shared_by_equal_numbers(values):
    levels = quantile_levels(values, values)
    assert levels.min() >= 0
    assert levels.max() <= 10
    order = np.lexsort((levels, values))
    assert (np.diff(levels[order]) >= 0).all()
    for value in np.unique(values):
        assert len(set(levels[values == value].tolist())) == 1


@given(NUMBERS, NUMBERS)
def test_only_the_reference_sets_the_borders(values, reference):
    levels = quantile_levels(values, reference)
    alone = [quantile_levels(values[[row]], reference)[0] for row in range(len(values))]
    assert levels.tolist() == alone


def test_one_number_for_all_is_one_level():
    assert quantile_levels(np.full(5, 3.0), np.full(5, 3.0)).tolist() == [0] * 5


def test_levels_come_from_the_item_table_or_else_from_training_events():
    items = pa.table({"likes": [0.0, 5.0, 100.0]})
    counts = np.array([4, 0, 1])
    likes = item_levels(items, "likes", counts)
    views = item_levels(items, "views", counts)
    assert (np.diff(likes) > 0).all()
    # Items without training events are below every border, and set none.
    assert views[1] == 0
    assert views[0] == 10
    reference = np.array([4.0, 1.0])
    assert views.tolist() == quantile_levels(counts, reference).tolist()


@pytest.mark.parametrize(
    ("max_tags", "ids"),
    [
        (5, [[2, 1], [1], [], [1, 3]]),
        (1, [[2], [1], [], [1]]),
    ],
)
def test_tags_are_numbered_by_frequency(max_tags, ids):
    items = pa.table({"tags": [["b", "a"], ["a", "a"], [], ["a", "c"]]})
    tags, n_tags = tag_ids(items, max_tags)
    assert tags.to_pylist() == ids
    assert n_tags == len({tag for tags in ids for tag in tags})


def test_items_without_a_tag_column_have_no_tags():
    tags, n_tags = tag_ids(pa.table({"item_id": [1, 2]}), 5)
    assert tags.to_pylist() == [[], []]
    assert n_tags == 0
