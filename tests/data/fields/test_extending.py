"""Fields of an earlier run: what they have stays, new values come behind."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmctr.data.fields.extending import extend_fields, params_of_fields
from mmctr.data.fields.field import CODES, RARE, UNKNOWN, Field
from mmctr.data.fields.params import ColumnParams, FieldsParams

COLOURS = st.lists(st.sampled_from("abcdefgh"), unique=True)


def colour(values: list[str], rare: list[str], **options) -> Field:
    """A category of an item."""
    facts = {"name": "colour", "column": "colour", "side": "item", "kind": "category"}
    return Field(**facts | options, values=values, rare=rare)


@given(COLOURS, COLOURS, COLOURS, COLOURS)
def test_codes_of_an_earlier_run_stay_and_every_frequent_value_has_one(
    values, rare, new_values, new_rare
):
    earlier = colour(values, [x for x in rare if x not in values])
    fitted = colour(new_values, [x for x in new_rare if x not in new_values])
    (field,) = extend_fields([fitted], [earlier])

    def codes(of: Field, texts: list[str]) -> list[int]:
        return of.encode(_column(texts))[CODES + "colour"].to_pylist()

    assert codes(field, values) == codes(earlier, values)
    assert all(code > RARE for code in codes(field, new_values))
    seen = {*earlier.rare, *fitted.rare} - set(field.values)
    assert set(codes(field, sorted(seen))) <= {RARE}
    assert codes(field, ["never"]) == [UNKNOWN]


def _column(texts: list[str]) -> pa.Array:
    return pa.array(texts, pa.string())


def test_borders_and_scales_stay():
    number = {"kind": "number", "borders": [1.0, 2.0], "mean": 3.0, "std": 2.0}
    earlier = colour([], [], **number)
    fitted = colour([], [], **number | {"borders": [5.0], "mean": 9.0})
    assert extend_fields([fitted], [earlier]) == [earlier]


@pytest.mark.parametrize(
    ("fitted", "message"),
    [
        ([], "has a field colour of column 'colour' .item., and this run has none"),
        ([colour(["a"], [], side="user")], "this run has none"),
        ([colour(["a"], [], kind="tags")], "expected the same, got tags"),
    ],
)
def test_a_field_that_is_gone_or_another_is_refused(fitted, message):
    with pytest.raises(ValueError, match=message):
        extend_fields(fitted, [colour(["a"], [])])


def test_kinds_are_said_of_columns_that_only_one_table_has():
    stated = FieldsParams(columns={"size": ColumnParams(kind="number")})
    fields = [colour(["a"], []), *(_at("brand", side) for side in ("item", "user"))]
    fields.append(_at("size", "item"))
    found = params_of_fields(stated, fields).columns
    assert found["colour"] == ColumnParams(side="item", kind="category")
    assert found["size"] == ColumnParams(kind="number")
    assert "brand" not in found


def _at(column: str, side: str) -> Field:
    return colour(["a"], [], column=column, name=column, side=side)
