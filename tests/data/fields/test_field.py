"""Values of a column as codes and numbers."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmctr.data.fields.field import FIRST, MISSING, RARE, UNKNOWN, Field
from mmctr.data.fields.fitting import fit_column
from mmctr.data.fields.params import ColumnParams, FieldsParams

WORDS = st.sampled_from(["a", "b", "c", "d", "e", None])


def fit(values, counts=None, *, kind=None, name="x", **params) -> Field:
    column = values if isinstance(values, pa.Array) else pa.array(values)
    counts = np.ones(len(column), np.int64) if counts is None else np.array(counts)
    said = {"columns": {name: ColumnParams(kind=kind)}} if kind else {}
    settings = FieldsParams(**({"min_count": 1} | said | params))
    field, use = fit_column(name, name, "item", column, counts, settings)
    assert use.used == (field is not None)
    return field or use


def codes(field: Field, values) -> list:
    column = values if isinstance(values, pa.Array) else pa.array(values)
    return field.encode(column)["field_x"].to_pylist()


def test_values_of_train_have_codes_by_count_and_others_share_theirs():
    field = fit(["a", "b", "b", "c", None, "d"], [2, 1, 1, 5, 1, 0], min_count=2)
    assert field.values == ["c", "a", "b"]
    assert codes(field, ["c", "a", "b", None, "d"]) == [4, 5, 6, MISSING, UNKNOWN]
    field = fit(["a", "b", "c"], [9, 9, 1], min_count=2)
    assert codes(field, ["a", "b", "c", "z", None]) == [4, 5, RARE, UNKNOWN, MISSING]
    assert field.size == FIRST + 2


@given(st.lists(WORDS, min_size=8, max_size=40), st.integers(1, 4), st.randoms())
def test_codes_depend_on_no_order_and_survive_json(words, least, random):
    counts = [1 + sum(map(ord, word or "")) % 3 for word in words]
    field = fit(pa.array(words, pa.string()), counts, kind="category", min_count=least)
    pairs = list(zip(words, counts, strict=True))
    random.shuffle(pairs)
    mixed = pa.array([word for word, _ in pairs], pa.string())
    other = fit(mixed, [n for _, n in pairs], kind="category", min_count=least)
    assert other == field
    if not isinstance(field, Field):
        return
    read = Field(**json.loads(json.dumps(field.model_dump())))
    column = pa.array([*words, "new"], pa.string())
    found = codes(read, column)
    assert found == codes(field, column) == codes(field, column.dictionary_encode())
    assert found[-1] == UNKNOWN
    for word, code in zip(words, found, strict=False):
        total = sum(n for other, n in pairs if other == word)
        if word is None:
            assert code == MISSING
        elif total < least:
            assert code == RARE
        else:
            assert field.values[code - FIRST] == word


@pytest.mark.parametrize(
    "others",
    [
        pa.array([1.0, 2.0, None]),
        pa.array(["1", "2", None]),
        pa.array([1, 2, None], pa.uint8()),
        pa.array([1, 2, None]).cast(pa.decimal128(20, 0)),
    ],
)
def test_equal_values_of_other_types_have_the_same_code(others):
    field = fit([1, 2, 2], kind="category")
    assert codes(field, others) == [5, 4, MISSING]


@given(
    st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=2, max_size=60),
    st.integers(2, 8),
)
def test_bins_are_ascending_and_none_is_empty(numbers, bins):
    field = fit(pa.array(numbers), kind="number", bins=bins)
    encoded = field.encode(pa.array(numbers))
    found = encoded["field_x"].to_numpy()
    assert set(found) == set(range(FIRST, field.size))
    assert field.size - FIRST <= bins
    order = np.argsort(numbers, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    ends = codes(field, [-1e9, 1e9, None, float("nan")])
    assert ends == [FIRST, field.size - 1, MISSING, MISSING]


def test_numbers_are_standardised_by_train_rows():
    field = fit([0.0, 10.0, 99.0], [3, 1, 0], kind="number")
    assert (field.mean, field.std) == (2.5, pytest.approx(4.3301, abs=1e-4))
    scaled = field.encode(pa.array([2.5, None]))["value_x"].to_numpy()
    assert scaled[0] == 0
    assert np.isnan(scaled[1])


def test_dates_are_days_whatever_their_form():
    texts = pa.array(["2024-01-01", "2024-01-03T12:00:00", "2024-02-01", None])
    field = fit(texts)
    assert field.dates
    assert field.mean == pytest.approx(19723 + (0 + 2.5 + 31) / 3)
    times = pa.array([1704067200, 1704283200, 1706745600, None]).cast(pa.timestamp("s"))
    of_times, of_texts = (field.encode(each)["value_x"] for each in (times, texts))
    np.testing.assert_array_equal(of_times.to_numpy(), of_texts.to_numpy())
    assert codes(field, ["no date"]) == [MISSING]


def test_tags_keep_the_first_of_each_and_share_the_rare():
    lists = pa.array([["b", "a", "b", "c"], [], None, ["new", "z", "a"]])
    field = fit(lists, [5, 1, 1, 0], max_tags=2)
    assert codes(field, lists) == [[5, 4], [], [MISSING], [UNKNOWN, 4]]
    field = fit(pa.array([["a", "b"], ["a"]]), [1, 1], min_count=2)
    assert codes(field, pa.array([["b", "a"], ["c", "d"]])) == [[RARE, 4], [UNKNOWN]]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["x", "y"] * 50, "category"),
        ([True, False], "category"),
        (list(range(64)), "category"),
        (list(range(65)), "number"),
        ([0.5, 1.5], "number"),
        (["2024-01-01", "2024-01-02"], "number"),
        ([["x"], ["x", "y"]], "tags"),
    ],
)
def test_kinds_are_inferred(values, kind):
    assert fit(values).kind == kind


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([f"a sentence {i}" for i in range(100)], "free text"),
        (["x", "x"], "one value"),
        ([None, None], "no field"),
        ([[0.5, 1.0], [1.0, 2.0]], "a modality"),
        ([{"a": 1}, {"a": 2}], "no field"),
        ([b"x", b"y"], "no field"),
    ],
)
def test_what_is_no_field_says_why(values, why):
    assert why in fit(values).why


def test_parameters_decide_before_the_values():
    numbers = list(range(100))
    assert fit(numbers, kind="category").values == sorted(map(str, numbers))
    assert fit(numbers, name="shop_id").kind == "id"
    off = {"columns": {"x": ColumnParams(used=False)}}
    assert fit(numbers, **off).why == "fields.columns.x.used=false"
    other_side = {"columns": {"x": ColumnParams(side="user", used=False)}}
    assert fit(numbers, **other_side).kind == "number"
    with pytest.raises(ValueError, match=r"x\.kind=category.*list.*used=false"):
        fit([["a"], ["b"]], kind="category")


def test_a_field_of_vectors_is_an_error_that_names_the_parameter_of_a_modality():
    with pytest.raises(ValueError, match=r"embedding\.modalities\.NAME\.column=taste"):
        FieldsParams(columns={"taste": {"kind": "vector"}})
    vectors = pa.array([[0.5, 1.0], [1.0, 0.0]])
    assert "embedding.modalities.NAME.column=x" in fit(vectors).why
    assert "the modality sound" in fit(vectors, name="sound_vector").why


def test_few_numbers_are_levels_in_their_order_and_text_has_a_code_per_value():
    field = fit([30, 10, 20, None, 99], [1, 9, 1, 1, 0], kind="level", min_count=5)
    assert codes(field, [10, 20, 30, None]) == [4, 5, 6, MISSING]
    # Between levels the next one, above all of them the last one.
    assert codes(field, [5, 15, 99]) == [4, 5, 6]
    assert field.encode(pa.array([10])).keys() == {"field_x"}
    assert field.size == FIRST + 3
    text = fit(["low", "high", "low"], kind="level", min_count=5)
    assert codes(text, ["low", "high", "mid"]) == [4, 5, UNKNOWN]
    assert "one value" in fit([7, 7, None], kind="level").why


@given(st.lists(st.floats(-1e6, 1e6), min_size=70, max_size=90, unique=True))
def test_many_numbers_are_levels_by_quantile(numbers):
    field = fit(pa.array(numbers, pa.float64()), kind="level", bins=7)
    found = np.array(codes(field, pa.array(sorted(numbers), pa.float64())))
    assert (np.diff(found) >= 0).all()
    assert set(found) == set(range(FIRST, FIRST + 7))
    counts = np.bincount(found)[FIRST:]
    assert counts.max() - counts.min() <= 1
