"""Popularity levels and tags, as fields."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmctr.data.fields.field import Field
from mmctr.data.fields.levels_and_tags import (
    encode_levels_and_tags,
    fit_levels,
    fit_tags,
    numbered_tags,
    stated_levels,
    unknown_tags,
)
from mmctr.data.raw_schemas import MAX_LEVEL

NUMBERS = st.lists(st.integers(0, 50).map(float), min_size=1, max_size=60)
TEXTS = pa.list_(pa.string())


def encode(field: Field, column: pa.Array) -> dict[str, list]:
    read = Field.model_validate_json(field.model_dump_json())
    found = encode_levels_and_tags([read], {field.column: column}, len(column))
    return {name: values.to_pylist() for name, values in found.items()}


def levels_of(reference: list[float], values: list[float | None]) -> list[int]:
    (field,) = fit_levels(pa.table({"likes": reference}))
    return encode(field, pa.array(values, pa.float64()))["likes_level"]


def test_different_numbers_fill_eleven_levels_evenly():
    values = np.random.default_rng(0).permutation(1_100).astype(float)
    levels = np.array(levels_of(values.tolist(), values.tolist()))
    assert np.bincount(levels).tolist() == [100] * 11
    assert (np.diff(levels[np.argsort(values)]) >= 0).all()


@given(NUMBERS, NUMBERS)
def test_levels_are_monotone_and_of_a_number_alone(reference, values):
    levels = np.array(levels_of(reference, values))
    assert levels.min() >= 0
    assert levels.max() <= MAX_LEVEL
    order = np.lexsort((levels, values))
    assert (np.diff(levels[order]) >= 0).all()
    assert levels.tolist() == [levels_of(reference, [x])[0] for x in values]


def test_an_empty_number_is_of_the_lowest_level_and_sets_no_border():
    assert levels_of([1.0, None, 2.0], [None, 5.0]) == [0, 10]
    assert levels_of([1.0, None, 2.0], [1.5]) == levels_of([1.0, 2.0], [1.5])
    assert levels_of([None, None], [None, 3.0]) == [0, 0]
    assert levels_of([3.0] * 5, [3.0] * 5) == [0] * 5
    assert not fit_levels(pa.table({"item_id": [1]}))


def test_stated_levels_and_tags_are_taken_as_they_are():
    whole = pa.array(np.arange(MAX_LEVEL + 1))
    for field, name in zip(stated_levels(), ("likes", "views"), strict=True):
        assert field.column == f"{name}_level"
        assert encode(field, whole)[f"{name}_level"] == whole.to_pylist()
    tags = pa.array([[7, 2], [], [9]], pa.list_(pa.int64()))
    field = numbered_tags(pa.table({"tags": tags}))
    assert encode(field, tags)["tags"] == tags.to_pylist()
    assert encode(field, pa.array([[2, 10]]))["tags"] == [[2]]


@pytest.mark.parametrize(
    ("max_tags", "ids"),
    [
        (5, [[2, 1], [1], [], [1, 3]]),
        (1, [[2], [1], [], [1]]),
    ],
)
def test_tags_are_numbered_by_frequency(max_tags, ids):
    tags = pa.array([["b", "a"], ["a", "a"], [], ["a", "c"]], TEXTS)
    field = fit_tags(pa.table({"tags": tags}), max_tags)
    assert encode(field, tags)["tags"] == ids
    assert len(field.values) == len({tag for tags in ids for tag in tags})


def test_tags_that_are_not_known_are_left_out_and_told():
    field = fit_tags(pa.table({"tags": pa.array([["b", "a"], ["a"]], TEXTS)}), 5)
    new = pa.array([["c", "b"], ["d", "c"], None], TEXTS)
    assert encode(field, new)["tags"] == [[2], [], []]
    assert unknown_tags(field, new) == ["c", "d"]


def test_items_without_a_tag_column_have_no_tags():
    assert fit_tags(pa.table({"item_id": [1, 2]}), 5) is None
    found = encode_levels_and_tags([], {}, 2)
    assert found["tags"].to_pylist() == [[], []]


def test_items_whose_lists_are_empty_have_no_tags():
    tags = pa.array([[], []], TEXTS)
    field = fit_tags(pa.table({"tags": tags}), 5)
    assert encode(field, tags)["tags"] == [[], []]
