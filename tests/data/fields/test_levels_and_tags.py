"""Popularity levels and tags, as fields."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from small_logs import make_params, make_source, random_source

from mmctr.data.fields.field import FIRST, MISSING, RARE, UNKNOWN, Field
from mmctr.data.fields.fitting import fit_column
from mmctr.data.fields.levels_and_tags import STATED_LEVELS, challenge_fields
from mmctr.data.fields.params import FieldsParams
from mmctr.data.fields.state import ColumnUse
from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.raw_schemas import MAX_LEVEL

NUMBERS = st.lists(st.integers(0, 50).map(float), min_size=2, max_size=60)
TEXTS = pa.list_(pa.string())


def fit(
    column: str, values: pa.Array, **params: object
) -> tuple[Field | None, ColumnUse]:
    """Fit a column of items, each of which train has once."""
    counts = np.ones(len(values), np.int64)
    chosen = FieldsParams(**{"min_count": 1} | params)
    return fit_column(column, column, "item", values, counts, chosen)


def encode(field: Field, column: pa.Array) -> list:
    read = Field.model_validate_json(field.model_dump_json())
    return read.encode(column)[f"field_{field.name}"].to_pylist()


def levels_of(reference: list[float], values: list[float | None]) -> list[int]:
    field, _ = fit("likes", pa.array(reference))
    codes = encode(field, pa.array(values, pa.float64()))
    return [code - FIRST for code in codes]


def tags_of(field: Field, column: pa.Array) -> list[list[int]]:
    return [[code - RARE for code in codes] for codes in encode(field, column)]


def test_many_different_numbers_fill_levels_evenly():
    values = np.random.default_rng(0).permutation(1_100).astype(float)
    levels = np.array(levels_of(values.tolist(), values.tolist()))
    assert np.bincount(levels).tolist() == [55] * 20
    assert (np.diff(levels[np.argsort(values)]) >= 0).all()


@given(NUMBERS, NUMBERS)
def test_levels_are_monotone_and_of_a_number_alone(reference, values):
    assume(len(set(reference)) > 1)
    levels = np.array(levels_of(reference, values))
    assert levels.min() >= 0
    assert levels.max() < len(set(reference))
    order = np.lexsort((levels, values))
    assert (np.diff(levels[order]) >= 0).all()
    assert levels.tolist() == [levels_of(reference, [x])[0] for x in values]


def test_an_empty_number_is_missing_and_sets_no_border():
    assert levels_of([1.0, None, 2.0], [None, 5.0]) == [MISSING - FIRST, 1]
    assert levels_of([1.0, None, 2.0], [1.5]) == levels_of([1.0, 2.0], [1.5])
    for values, why in (([None, None], "no value"), ([3.0] * 5, "one value")):
        field, use = fit("likes", pa.array(values, pa.float64()))
        assert field is None
        assert (use.kind, use.used, use.why) == (None, False, f"{why} in train")


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
        (5, [[1, 2], [1], [], [1, 3]]),
        (1, [[1], [1], [], [1]]),
    ],
)
def test_tags_are_numbered_by_frequency(max_tags, ids):
    tags = pa.array([["a", "b"], ["a", "a"], [], ["a", "c"]], TEXTS)
    field, _ = fit("tags", tags, max_tags=max_tags)
    assert tags_of(field, tags) == ids


def test_tags_that_are_rare_or_unknown_have_a_code_each():
    field, _ = fit("tags", pa.array([["b", "a"], ["a"]], TEXTS), min_count=2)
    new = pa.array([["c", "b", "a"], ["d", "c"], None], TEXTS)
    assert encode(field, new) == [[UNKNOWN, RARE, FIRST], [UNKNOWN], [MISSING]]


def test_items_that_train_lacks_set_no_border_and_bring_no_tag():
    log = random_source(2).log.to_pandas()

    def prepare(others: float, tag: str) -> tuple[dict, pa.Table]:
        """Items 41 to 60, which are first in the table, have no event."""
        likes = [others] * 20 + np.arange(40.0).tolist()
        tags = [[tag]] * 20 + [["a"], ["b", "a"]] * 20
        source = make_source(log, 60, likes=likes, tags=tags)
        tables = prepare_interactions(source, make_params())
        return tables.state, tables.items

    state, items = prepare(20.0, "a")
    changed, others = prepare(1e9, "new")
    assert changed == state
    assert others.slice(20).equals(items.slice(20))
    assert set(others["field_likes"].slice(0, 20).to_pylist()) == {FIRST + 39}
    assert others["field_tags"].slice(0, 20).to_pylist() == [[UNKNOWN]] * 20


def test_lists_without_any_tag_are_no_field():
    field, use = fit("tags", pa.array([[], []], TEXTS))
    assert field is None
    assert use.why == "no value in train"


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
