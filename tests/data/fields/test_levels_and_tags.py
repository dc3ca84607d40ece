"""Popularity levels and tags, as fields."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_logs import make_params, make_source, random_source

from mmctr.data.fields.field import FIRST, MISSING, RARE, Field
from mmctr.data.fields.levels_and_tags import (
    STATED_LEVELS,
    challenge_fields,
    fit_levels,
    fit_special,
    fit_tags,
    is_special,
)
from mmctr.data.fields.params import ColumnParams, FieldsParams
from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.raw_schemas import MAX_LEVEL

NUMBERS = st.lists(st.integers(0, 50).map(float), min_size=1, max_size=60)
TEXTS = pa.list_(pa.string())


def encode(field: Field, column: pa.Array) -> list:
    read = Field.model_validate_json(field.model_dump_json())
    return read.encode(column)[f"field_{field.name}"].to_pylist()


def levels_of(reference: list[float], values: list[float | None]) -> list[int]:
    field = fit_levels("likes", pa.array(reference))
    codes = encode(field, pa.array(values, pa.float64()))
    return [code - FIRST for code in codes]


def tags_of(field: Field, column: pa.Array) -> list[list[int]]:
    return [[code - RARE for code in codes] for codes in encode(field, column)]


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


def test_an_empty_number_is_missing_and_sets_no_border():
    assert levels_of([1.0, None, 2.0], [None, 5.0]) == [MISSING - FIRST, 10]
    assert levels_of([1.0, None, 2.0], [1.5]) == levels_of([1.0, 2.0], [1.5])
    assert levels_of([3.0] * 5, [3.0] * 5) == [0] * 5
    empty = pa.array([None, None], pa.float64())
    field, use = fit_special("likes", empty, FieldsParams(), None)
    assert field is None
    assert (use.kind, use.used, use.why) == (None, False, "no item has likes")


def test_levels_and_tags_of_a_challenge_are_taken_as_they_are():
    whole = pa.array(np.arange(MAX_LEVEL + 1))
    tags = pa.array([[7, 2], [], [9]], pa.list_(pa.int64()))
    state = challenge_fields(pa.table({"tags": tags}))
    for side in ("item", "row"):
        levels = [field for field in state.of(side) if field.kind == "level"]
        assert [field.column for field in levels] == list(STATED_LEVELS)
        for field in levels:
            assert [x - FIRST for x in encode(field, whole)] == whole.to_pylist()
    (field,) = (x for x in state.fields if x.kind == "tags")
    assert tags_of(field, tags) == tags.to_pylist()
    assert tags_of(field, pa.array([[2, 10]])) == [[2]]
    empty = pa.array([[], []], pa.list_(pa.int64()))
    kinds = [x.kind for x in challenge_fields(pa.table({"tags": empty})).fields]
    assert kinds == ["level"] * 4


@pytest.mark.parametrize(
    ("max_tags", "ids"),
    [
        (5, [[2, 1], [1], [], [1, 3]]),
        (1, [[2], [1], [], [1]]),
    ],
)
def test_tags_are_numbered_by_frequency(max_tags, ids):
    tags = pa.array([["b", "a"], ["a", "a"], [], ["a", "c"]], TEXTS)
    field = fit_tags(tags, max_tags)
    assert tags_of(field, tags) == ids
    assert len(field.values) == len({tag for tags in ids for tag in tags})


def test_tags_that_are_not_known_are_left_out():
    field = fit_tags(pa.array([["b", "a"], ["a"]], TEXTS), 5)
    new = pa.array([["c", "b"], ["d", "c"]], TEXTS)
    assert tags_of(field, new) == [[2], []]


def test_lists_without_any_tag_are_no_field():
    field, use = fit_special("tags", pa.array([[], []], TEXTS), FieldsParams(), None)
    assert field is None
    assert use.why == "no item has tags"


def test_what_parameters_say_of_a_column_comes_first():
    assert is_special("likes", FieldsParams())
    assert is_special("likes", FieldsParams(columns={"likes": ColumnParams()}))
    for said in ({"kind": "number"}, {"used": False}):
        params = FieldsParams(columns={"likes": ColumnParams(**said)})
        assert not is_special("likes", params)
    assert not is_special("price", FieldsParams())


def test_levels_and_tags_are_what_parameters_say():
    """Numbers, or nothing at all, in place of levels and tags."""
    log = random_source(3).log.to_pandas()
    tags = [["a"]] * 39 + [["b", "a"]]
    source = make_source(log, 40, likes=np.arange(40.0).tolist(), tags=tags)
    said = {"likes": {"kind": "number"}, "tags": {"used": False}}
    fields = FieldsParams(columns=said)
    tables = prepare_interactions(source, make_params(), fields)
    names = tables.items.column_names
    assert {"field_likes", "value_likes"} <= set(names)
    assert "field_tags" not in names
    columns = tables.report["log"]["columns"]
    assert columns["likes"]["kind"] == "number"
    assert columns["tags"]["why"] == "fields.columns.tags.used=false"
