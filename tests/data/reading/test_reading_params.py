"""What parameters make of a log that can't be read without them."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from log_faults import REFUSED
from log_forms import IDS, LOG, STAMPS, T0, TIMES, USERS, Form, times
from log_oddities import TOLD

from mmctr.data.reading.log import read_log
from mmctr.data.reading.params import ReadingParams

DAYS = [x - x % 86_400 for x in TIMES]


def read(folder, **params: object):
    return read_log(str(folder), "image_vector", ReadingParams(**params))


def test_columns_may_have_other_names(tmp_path):
    folder = REFUSED["other names"][0].written(tmp_path)
    source = read(folder, columns={"user_id": "userId", "item_id": "movieId"})
    assert source.log.select(list(LOG)).to_pydict() == LOG
    read_as = {x.column: x.role for x in source.read if x.table == "interactions"}
    assert read_as == {
        "userId": "user_id",
        "movieId": "item_id",
        "timestamp": "timestamp",
    }


def test_special_columns_of_items_may_have_other_names(tmp_path):
    columns = {"tags": None, "genres": ["a|b"] * 4, "emb": [[1.0, 2.0]] * 4}
    folder = Form(items=columns).written(tmp_path)
    source = read(folder, columns={"tags": "genres", "image_vector": "emb"})
    assert source.items["tags"].to_pylist() == [["a", "b"]] * 4
    assert source.image_vectors.tolist() == [[1.0, 2.0]] * 4


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"columns": {"user_id": "usr"}}, r"columns\.user_id: no table .*'usr'"),
        ({"ignore_columns": ["hour"]}, r"ignore_columns \(hour\): no table"),
        ({"columns": {"item_id": "user_id"}}, r"has both 'user_id' and 'item_id'"),
        ({"label": {"column": "clicked"}}, "there is no column 'clicked'"),
        ({"label": {"column": "timestamp"}}, "whose event it is, of what and when"),
        ({"label": {"threshold": 4}}, "need the name of a column"),
    ],
)
def test_parameters_that_fit_no_column_are_named(tmp_path, params, message):
    with pytest.raises(ValueError, match=message):
        read(Form().written(tmp_path), **params)


@pytest.mark.parametrize(
    ("form", "unit", "expected"),
    [
        ("YYYYMMDD", "date", DAYS),
        ("day numbers", "days", DAYS),
        ("order", "order", list(range(12))),
        ("order", "s", list(range(12))),
    ],
)
def test_the_unit_of_small_numbers_is_a_parameter(tmp_path, form, unit, expected):
    source = read(REFUSED[form][0].written(tmp_path), time_unit=unit)
    assert source.log["timestamp"].to_pylist() == expected
    assert source.clock == (unit != "order")


def test_rules_of_reading_without_an_effect_are_told(tmp_path):
    folder = Form(**times([f"{x:%Y-%m-%dT%H:%M:%SZ}" for x in STAMPS])).written(
        tmp_path
    )
    found = "; ".join(read(folder, time_unit="ms", tags_separator="|").notes)
    assert "reading.time_unit=ms is ignored" in found
    assert "reading.tags_separator=| is ignored" in found


@pytest.mark.parametrize("values", [[20240230] * 12, [7] * 12])
def test_numbers_that_are_no_dates_are_named(tmp_path, values):
    folder = Form(**times(values)).written(tmp_path)
    with pytest.raises(ValueError, match=r"dates such as 20240131; rows \[0, 1, 2"):
        read(folder, time_unit="date")


@pytest.mark.parametrize(
    "values",
    [
        [x + 0.25 for x in TIMES],
        [x * 1_000 + 250 for x in TIMES],
        pa.array([x * 1_000 + 250 for x in TIMES], pa.timestamp("ms")),
        [f"{x:%Y-%m-%dT%H:%M:%S}.250Z" for x in STAMPS],
    ],
    ids=["float", "ms", "timestamps", "text"],
)
def test_fractions_of_seconds_are_kept_for_the_order(tmp_path, values):
    log = read(Form(**times(values)).written(tmp_path)).log
    assert log["timestamp"].to_pylist() == TIMES
    assert log["timestamp_fraction"].to_pylist() == [0.25] * 12


def test_events_without_a_time_or_a_user_may_be_dropped(tmp_path):
    zero = TOLD["zero times"][0].written(tmp_path)
    assert read(zero, drop_zero_times=True).log.num_rows == 10
    nobody = TOLD["user 'null'"][0].written(tmp_path)
    kept = read(nobody, drop_placeholder_users=True).log["user_id"].to_pylist()
    assert kept == [str(user) for user in USERS if user % 3]
    empty = REFUSED["no user"][0].written(tmp_path)
    assert read(empty, drop_placeholder_users=True).log.num_rows == 11


def test_truth_values_need_no_rule(tmp_path):
    folder = Form({"label": [True, False] * 6}).written(tmp_path)
    with pytest.raises(ValueError, match="true and false, which need no rule"):
        read(folder, label={"column": "label", "positive": ["1"]})


def test_missing_text_of_csv_is_missing(tmp_path):
    folder = Form().written(tmp_path)
    (folder / "items.parquet").unlink()
    lines = "1000,a,x\n1001,,\n1002,b,y\n1003,NA,x\n"
    (folder / "items.csv").write_text(f"item_id,kind,title\n{lines}")
    items = read(folder).items
    assert items["kind"].to_pylist() == ["a", None, "b", "NA"]
    assert items["title"].to_pylist() == ["x", "", "y", "x"]


@pytest.mark.parametrize(
    ("form", "rule", "labels"),
    [
        ("ratings", {"column": "rating", "threshold": 4}, [0, 0, 0, 1, 1, 1] * 2),
        ("ratings", {"column": "rating", "positive": [5]}, [0, 0, 0, 0, 1, 1] * 2),
        (
            "event types",
            {"column": "event_type", "positive": ["click", "buy"]},
            [0, 0, 1, 1] * 3,
        ),
        ("label of five stars", {"threshold": 2}, [0, 1, 1, 1, 1, 1] * 2),
        ("label of words", {"positive": ["buy"]}, [0, 1] * 6),
    ],
)
def test_a_rule_makes_the_label(tmp_path, form, rule, labels):
    source = read(REFUSED[form][0].written(tmp_path), label=rule)
    assert source.log["label"].to_pylist() == labels
    assert source.log.schema.field("label").type == pa.int8()
    assert not set(source.log.column_names) & {"rating", "event_type"}
    role = {x.column: x.role for x in source.read}
    assert role[rule.get("column", "label")] == "label"


@pytest.mark.parametrize(
    "values",
    [
        [True, False] * 6,
        [1.0, 0.0] * 6,
        ["1", "0"] * 6,
        pa.array([1, 0] * 6, "uint8"),
    ],
)
def test_a_label_of_any_type_is_taken(tmp_path, values):
    log = read(Form({"label": values}).written(tmp_path)).log
    assert log["label"].to_pylist() == [1, 0] * 6


def test_a_label_beside_another_must_be_chosen(tmp_path):
    folder = Form({"label": [1, 0] * 6, "clicked": [0, 1] * 6}).written(tmp_path)
    with pytest.raises(ValueError, match=r"'clicked'.*label\.column=label"):
        read(folder)
    source = read(folder, label={"column": "label"})
    assert source.log["label"].to_pylist() == [1, 0] * 6
    assert "'clicked' looks like a label too" in "\n".join(source.notes)


def test_a_value_that_no_row_has_is_no_rule(tmp_path):
    folder = REFUSED["event types"][0].written(tmp_path)
    with pytest.raises(ValueError, match=r"holds no 'purchase'.*view, "):
        read(folder, label={"column": "event_type", "positive": ["purchase"]})


def test_a_label_has_one_rule():
    with pytest.raises(ValueError, match="two rules"):
        ReadingParams(label={"threshold": 1, "positive": ["x"]})


def test_ignored_columns_are_not_read(tmp_path):
    folder = Form({"rating": [1, 2] * 6, "hour": [3] * 12}).written(tmp_path)
    source = read(folder, ignore_columns=["rating"])
    assert source.log.column_names == ["user_id", "item_id", "timestamp", "hour"]
    columns = {x.column: (x.role, x.why) for x in source.read}
    assert columns["rating"] == (None, "not read: preparation.reading.ignore_columns")
    assert columns["hour"] == (None, "")


@pytest.mark.parametrize(
    ("texts", "separator", "tags"),
    [
        ("a / b, c", " / ", ["a", "b, c"]),
        ("a|b", ",", ["a|b"]),
        ('["x"]', "json", ["x"]),
        ("", "json", []),
    ],
)
def test_what_separates_tags_is_a_parameter(tmp_path, texts, separator, tags):
    folder = Form(items={"tags": [texts] * 4}).written(tmp_path)
    items = read(folder, tags_separator=separator).items
    assert items["tags"].to_pylist() == [tags] * 4


def test_text_that_is_no_json_list_is_named(tmp_path):
    folder = Form(items={"tags": ["[1]", "a", "{}", "[2]"]}).written(tmp_path)
    with pytest.raises(ValueError, match=r"JSON lists such as .* rows \[1, 2\] hold"):
        read(folder, tags_separator="json")


@pytest.mark.parametrize("kind", [pa.float16(), pa.uint8(), pa.float64()])
def test_vectors_may_be_of_any_number(tmp_path, kind):
    vectors = pa.array([[1, 2]] * 4, pa.list_(kind))
    source = read(Form(items={"image_vector": vectors}).written(tmp_path))
    assert source.image_vectors.tolist() == [[1.0, 2.0]] * 4
    assert "image_vector" not in source.items.column_names


def test_users_and_every_other_column_are_passed_on(tmp_path):
    folder = Form({"hour": [3.5] * 12}, {"price": [1, 2, 3, 4]}).written(tmp_path)
    users = {
        "user_id": [1.0, 2.0],
        "country": pa.array(["de", "fr"]).dictionary_encode(),
    }
    pq.write_table(pa.table(users), folder / "users.parquet")
    source = read(folder)
    assert source.users.to_pydict() == {"user_id": [1, 2], "country": ["de", "fr"]}
    assert source.log["hour"].to_pylist() == [3.5] * 12
    assert source.items["price"].to_pylist() == [1, 2, 3, 4]
    pq.write_table(pa.table({"user_id": [1, 2, 1]}), folder / "users.parquet")
    with pytest.raises(ValueError, match=r"users.parquet: .* repeated values in rows"):
        read(folder)
    pq.write_table(pa.table({"user_id": ["1", "2"]}), folder / "users.parquet")
    with pytest.raises(ValueError, match=r"'user_id' is int64 in .*both as text"):
        read(folder)


CLICKS = {"user_id": [1, 2], "item_id": [1000, 1001]}
HISTORIES = {
    "a row per click": (CLICKS, {}),
    "with times": (CLICKS | {"timestamp": TIMES[:2]}, {}),
    "lists": ({"user_id": [1, 2, 1], "history": [[1000], [1001], [1000]]}, {}),
    "with others": (
        {"user_id": [1, 2, 3], "item_id": [1000, 1001, 1002], "label": [1, 1, 0]},
        {},
    ),
    "by a rule": (
        {"user_id": [1, 2, 3], "item_id": [1000, 1001, 1002], "rating": [5, 4, 1]},
        {"label": {"column": "rating", "threshold": 4}},
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_clicks_before_the_log(tmp_path, name):
    columns, params = HISTORIES[name]
    log = {"rating": [1, 5] * 6} if params else {}
    folder = Form(log).written(tmp_path)
    pq.write_table(pa.table(columns), folder / "history.parquet")
    history = read(folder, **params).history
    assert history.select(list(CLICKS)).to_pydict() == CLICKS
    assert ("timestamp" in history.column_names) == (name == "with times")


def test_lists_of_clicks_keep_their_order_and_their_time(tmp_path):
    folder = Form().written(tmp_path)
    clicks = {
        "user_id": [1, 1],
        "timestamp": [T0 - 50, T0 - 90],
        "history": [[1002, 1000, 1003], [1003, 1001, 1003]],
    }
    pq.write_table(pa.table(clicks), folder / "history.parquet")
    found = read(folder).history.sort_by(
        [("timestamp", "ascending"), ("timestamp_fraction", "ascending")]
    )
    assert found["item_id"].to_pylist() == [1001, 1003, 1002, 1000]
    assert found["timestamp"].to_pylist() == [T0 - 90] * 2 + [T0 - 50] * 2


def test_what_looks_like_a_label_of_earlier_clicks_is_named(tmp_path):
    folder = Form().written(tmp_path)
    columns = {"user_id": USERS, "item_id": IDS, "clicked": [0, 1] * 6}
    pq.write_table(pa.table(columns), folder / "history.parquet")
    with pytest.raises(ValueError, match=r"history.parquet: column 'clicked'"):
        read(folder)
