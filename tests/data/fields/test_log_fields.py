"""The fields of a whole log: items, users, and the rows themselves."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mmctr.data.fields.field import FIRST, MISSING, UNKNOWN
from mmctr.data.fields.log_columns import LogColumns, RowsOfLog
from mmctr.data.fields.log_fields import LogFields, fit_log_fields
from mmctr.data.fields.params import FieldsParams
from mmctr.data.fields.state import FieldState
from mmctr.data.reading.source import LogSource

DAY = 86_400
NEVER = np.iinfo(np.int64).max


def source(**tables: dict) -> LogSource:
    log = {
        "user_id": ["u1", "u2", "u1", "u3"],
        "item_id": [7, 8, 9, 7],
        "timestamp": [0, DAY, 2 * DAY + 7_200, 3 * DAY],
        "device": ["phone", "web", "phone", "tv"],
        "kept.out": [1, 2, 3, 4],
    }
    items = {
        "item_id": [7, 8, 9],
        "title": ["x", "y", "z"],
        "category": ["a", "b", "c"],
        "price": [1.0, 3.0, None],
        "published": ["1969-12-31", "1970-01-02", None],
    }
    users = {"user_id": ["u2", "u1", "u9"], "category": ["p", "q", "r"]}
    return LogSource(
        pa.table(log | tables.get("log", {})),
        pa.table(items | tables.get("items", {})),
        np.zeros((3, 0), np.float32),
        users=pa.table(users),
    )


def rows(events: list[int], sizes: int = 2) -> RowsOfLog:
    """Two rows per event of the log: its item, and item 2."""
    places = np.repeat(events, 2)
    log = source().log
    times = log["timestamp"].to_numpy()[places]
    item = log["item_id"].to_numpy()[places] - 6
    item[1::2] = 2
    return RowsOfLog(places, item, times, times, np.full(len(places), sizes))


def fit(found: LogSource | None = None, events=(0, 1, 2), **params) -> LogFields:
    settings = FieldsParams(**{"min_count": 1} | params)
    first = np.array([NEVER, 0, DAY, 2 * DAY + 7_200])
    pieces = [rows([event]) for event in events]
    known = np.zeros(4, bool)
    return fit_log_fields(found or source(), pieces, known, first, settings)


def test_columns_of_items_and_users_are_fields_and_those_of_the_log_are_named():
    fields = fit()
    assert {name: use.used for name, use in fields.uses.items()} == {
        "category": True,
        "price": True,
        "published": True,
        "user_category": True,
    }
    named = fit(context=["device", "kept.out"]).uses
    assert set(named) == {*fields.uses, "device", "kept_out"}
    assert named["device"].side == "row"


def test_items_are_counted_by_the_train_rows_that_have_them():
    # Item 8 is in four of the six rows, and the event of item 7 alone is not in train.
    fields = fit(events=[1, 2])
    field = fields.state.of("item")[0]
    assert field.values == ["b", "c"]
    assert fields.items()["field_category"].to_pylist() == [UNKNOWN, 4, 5]
    facts = fields.items().schema.field("field_category").metadata
    assert (facts[b"size"], facts[b"side"], facts[b"width"]) == (b"6", b"item", b"1")


def test_users_are_joined_and_those_that_are_not_listed_are_missing():
    fields = fit()
    encoded = fields.rows(rows([0, 1, 3]))
    field = fields.state.of("user")[0]
    q, p = (FIRST + field.values.index(value) for value in "qp")
    assert encoded["field_user_category"].to_pylist() == [q, q, p, p, MISSING, MISSING]


def test_the_user_itself_is_a_field_on_request():
    fields = fit(user_id=True)
    encoded = fields.rows(rows([0, 1, 3]))["field_user_id"].to_pylist()
    assert encoded == [4, 4, 5, 5, UNKNOWN, UNKNOWN]


def test_context_and_time_are_those_of_the_rows():
    fields = fit(
        events=(0, 2, 3),
        context=["device", "group_size"],
        time=["hour", "weekday", "item_age"],
    )
    assert fields.uses["hour"].kind == "time"
    assert fields.uses["group_size"].why == "one value in train"
    encoded = fields.rows(rows([1, 2]))
    states = {field.name: field for field in fields.state.fields}

    def words(name: str) -> list[str]:
        """Values by their codes; ? for one that train has not."""
        found = encoded[f"field_{name}"].to_pylist()
        return ["?" if x == UNKNOWN else states[name].values[x - FIRST] for x in found]

    assert words("device") == ["?", "?", "phone", "phone"]
    assert words("hour") == ["0", "0", "2", "2"]
    # 1970-01-01 was a Thursday, day 3; no row of train is of the Friday.
    assert words("weekday") == ["?", "?", "5", "5"]
    age = states["item_age"]
    days = encoded["value_item_age"].to_numpy() * age.std + age.mean
    np.testing.assert_allclose(days, [np.nan, np.nan, np.nan, 1 + 1 / 12], rtol=1e-5)


def test_the_age_counts_from_the_published_column_where_one_is_named():
    fields = fit(time=["item_age"], published_column="published")
    age = {field.name: field for field in fields.state.fields}["item_age"]
    scaled = fields.rows(rows([0, 2]))["value_item_age"].to_numpy()
    days = scaled * age.std + age.mean
    np.testing.assert_allclose(days, [1, -1, np.nan, 1 + 1 / 12], rtol=1e-5)


SECONDS = [DAY * day for day in (5_000, 5_002)]


@pytest.mark.parametrize(
    "dates",
    [
        [*SECONDS, None],
        [*(x * 1_000 for x in SECONDS), None],
        [*map(str, SECONDS), ""],
        ["1983-09-10T00:00Z", "1983-09-12T00:00Z", None],
    ],
    ids=["seconds", "milliseconds", "text", "ISO"],
)
def test_the_published_column_may_hold_times_of_any_form(dates):
    found = source(items={"published": dates})
    columns = LogColumns(
        found,
        np.zeros(4),
        FieldsParams(time=["item_age"], published_column="published"),
    )
    later = rows([0])._replace(as_of=np.full(2, 5_003 * DAY))
    ((_, ages),) = columns.of_rows(later)
    assert ages.to_pylist() == [3, 1]


@pytest.mark.parametrize(
    "values", [[2019, 2020, 2021], ["old", "new", None], [[1]] * 3]
)
def test_a_published_column_without_dates_is_refused(values):
    found = source(items={"published": values})
    with pytest.raises(ValueError, match="fields.published_column=published"):
        fit(found, time=["item_age"], published_column="published")


def test_a_text_of_tags_is_split_on_request():
    found = source(items={"genres": ["a|b", "b", None]})
    fields = fit(found, columns={"genres": {"kind": "tags"}})
    field = {x.name: x for x in fields.state.fields}["genres"]
    a, b = (FIRST + field.values.index(x) for x in "ab")
    assert fields.items()["field_genres"].to_pylist() == [[a, b], [b], [MISSING]]


def test_counts_of_clicks_and_users_of_another_log_are_warned_of(caplog):
    found = source(items={"n_clicks": [1, 2, 3], "like_words": ["a", "b", "c"]})
    users = pa.table({"user_id": ["x1", "x2"], "category": ["p", "q"]})
    fit(dataclasses.replace(found, users=users))
    assert "'n_clicks' of the items may count clicks" in caplog.text
    assert "like_words" not in caplog.text
    assert "no user of the log is in it" in caplog.text


def test_lists_of_lists_are_no_field():
    found = source(items={"matrix": [[["a"]], [["b"]], [["c"]]]})
    assert not fit(found).uses["matrix"].used


def test_new_tables_are_encoded_alike_by_what_was_saved():
    fields = fit()
    state = FieldState(**json.loads(json.dumps(fields.state.model_dump())))
    assert state == fields.state
    items = source().items
    columns = {name: items[name] for name in items.column_names}
    encoded = state.encode("item", columns, 3)
    assert encoded.schema.equals(fields.items().schema, check_metadata=True)
    pd.testing.assert_frame_equal(encoded.to_pandas(), fields.items().to_pandas())
    less = state.encode("item", {"price": items["price"]}, 3)
    assert less["field_category"].to_pylist() == [MISSING] * 3
    assert less["field_price"].equals(fields.items()["field_price"])


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"context": ["devise"]}, "fields.context names 'devise'.*'device'"),
        ({"context": ["label"]}, "fields.context names 'label'"),
        ({"published_column": "publishd"}, "did you mean 'published'"),
        ({"columns": {"prize": {"used": False}}}, "did you mean 'price'"),
        ({"columns": {"likes": {}}}, "fields.columns names 'likes'"),
        ({"columns": {"category": {"kind": "number"}}}, "no value is a number"),
        ({"context": ["device", "device"]}, "name each column once; device"),
    ],
)
def test_names_that_are_no_column_are_refused(params, words):
    with pytest.raises(ValueError, match=words):
        fit(**params)
