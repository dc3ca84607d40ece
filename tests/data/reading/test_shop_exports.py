"""Exports as shops write them: day first, local times, decimal commas, events."""

import gzip

import pyarrow as pa
import pytest
from log_forms import IDS, LOG, STAMPS, TIMES, USERS, Form, times

from mmctr.data.reading.log import read_log
from mmctr.data.reading.params import ReadingParams
from mmctr.data.reading.samples import describe_times, sample_tables

DAY_FIRST = [f"{x:%d.%m.%Y %H:%M:%S}" for x in STAMPS]
# 2 hours later than UTC from the last Sunday of March on, 1 before.
CHANGE = 1_711_846_800


def read(folder, **params: object):
    return read_log(str(folder), "image_vector", ReadingParams(**params))


def test_text_of_a_named_form_is_read(tmp_path):
    folder = Form(**times(DAY_FIRST)).written(tmp_path)
    source = read(folder, time_format="%d.%m.%Y %H:%M:%S")
    assert source.log["timestamp"].to_pylist() == TIMES


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("%d.%m.%Y %H:%M:%S", ["time_format=%d.%m.%Y %H:%M:%S"]),
        ("%m/%d/%Y", ["time_format=%m/%d/%Y"]),
        ("%Y/%m/%d %H:%M", ["time_format=%Y/%m/%d %H:%M"]),
        ("%y week %U", ["say their form with --params"]),
    ],
)
def test_an_error_names_the_form_that_all_texts_have(tmp_path, form, expected):
    folder = Form(**times([x.strftime(form) for x in STAMPS])).written(tmp_path)
    with pytest.raises(ValueError, match="'timestamp' must be unix times") as error:
        read(folder)
    assert all(text in str(error.value) for text in expected)


def test_texts_of_another_form_are_named(tmp_path):
    folder = Form(**times([*DAY_FIRST[:-1], "yesterday"])).written(tmp_path)
    with pytest.raises(ValueError, match=r"rows \[11\] hold \['yesterday'\]"):
        read(folder, time_format="%d.%m.%Y %H:%M:%S")


@pytest.mark.parametrize("kind", ["text", "named form", "timestamps"])
def test_times_without_a_zone_are_those_of_a_zone(tmp_path, kind):
    local = [*(["2024-03-31 01:30:00"] * 6), *(["2024-03-31 03:30:00"] * 6)]
    form, values = None, pa.array(local)
    if kind == "timestamps":
        values = values.cast(pa.timestamp("s"))
    if kind == "named form":
        form, values = (
            "%H:%M:%S on %d.%m.%Y",
            pa.array([f"{x[11:]} on 31.03.2024" for x in local]),
        )
    folder = Form(**times(values)).written(tmp_path)
    source = read(folder, time_zone="Europe/Berlin", time_format=form)
    assert (
        source.log["timestamp"].to_pylist() == [CHANGE - 1800] * 6 + [CHANGE + 1800] * 6
    )
    assert any("Europe/Berlin" in note for note in source.notes)


def test_times_with_a_zone_keep_it(tmp_path):
    texts = [f"{x:%Y-%m-%dT%H:%M:%SZ}" for x in STAMPS]
    folder = Form(**times(texts)).written(tmp_path)
    source = read(folder, time_zone="Europe/Berlin")
    assert source.log["timestamp"].to_pylist() == TIMES


def test_a_named_form_may_have_the_zone(tmp_path):
    texts = [f"{x:%d.%m.%Y %H:%M:%S} +0000" for x in STAMPS]
    folder = Form(**times(texts)).written(tmp_path)
    form = "%d.%m.%Y %H:%M:%S %z"
    source = read(folder, time_zone="Europe/Berlin", time_format=form)
    assert source.log["timestamp"].to_pylist() == TIMES


def test_settings_of_times_that_do_nothing_are_named(tmp_path):
    folder = Form().written(tmp_path)
    source = read(folder, time_format="%d.%m.%Y", time_zone="Europe/Berlin")
    assert source.log["timestamp"].to_pylist() == TIMES
    said = "; ".join(source.notes)
    assert "time_format=%d.%m.%Y is ignored" in said
    assert "time_zone=Europe/Berlin is ignored" in said


def test_a_zone_that_is_none_is_refused():
    with pytest.raises(ValueError, match="no time zone 'Berlin'"):
        ReadingParams(time_zone="Berlin")


def test_rows_of_some_values_are_kept_and_the_others_counted(tmp_path):
    kinds = ["view", "buy", "cart"] * 4
    folder = Form({"event": kinds}).written(tmp_path)
    source = read(folder, keep={"event": ["view"]})
    assert source.log["item_id"].to_pylist() == IDS[::3]
    assert "event" not in source.log.column_names
    assert any("8 others are left out" in note for note in source.notes)
    read_as = {x.column: x.role for x in source.read if x.table == "interactions"}
    assert read_as["event"] == "rows to read"


def test_what_is_kept_may_be_the_label_too(tmp_path):
    kinds = ["view", "buy", "cart"] * 4
    folder = Form({"event": kinds}).written(tmp_path)
    label = {"column": "event", "positive": ["buy"]}
    source = read(folder, keep={"event": ["view", "buy"]}, label=label)
    assert source.log["label"].to_pylist() == [0, 1] * 4


@pytest.mark.parametrize(
    "columns",
    [
        {"event": ["yes", "no"] * 6},
        {"event": ["True", "False"] * 6},
        {"event": [True, False] * 6},
    ],
)
def test_words_that_yaml_reads_as_truth_values_are_found(tmp_path, columns):
    folder = Form(columns).written(tmp_path)
    source = read(folder, keep={"event": [True]})
    assert source.log["item_id"].to_pylist() == IDS[::2]
    label = {"column": "event", "positive": [False]}
    assert read(folder, label=label).log["label"].to_pylist() == [0, 1] * 6


def test_columns_with_a_meaning_stay_when_they_choose_rows(tmp_path):
    folder = Form({"label": [0, 1, -1] * 4}).written(tmp_path)
    log = read(folder, keep={"label": [0, 1], "user_id": [1, 2, 5]}).log
    found = zip(log["user_id"].to_pylist(), log["label"].to_pylist(), strict=True)
    rows = zip(USERS, [0, 1, -1] * 4, strict=True)
    expected = [(u, x) for u, x in rows if u in (1, 2, 5) and x >= 0]
    assert [*found] == expected


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ({"kind": ["view"]}, "there is no column 'kind' .*it has user_id"),
        ({"event": ["sell"]}, "'event' holds no 'sell' .*it holds view, buy"),
    ],
)
def test_rows_that_are_not_there_are_named(tmp_path, keep, message):
    folder = Form({"event": ["view", "buy"] * 6}).written(tmp_path)
    with pytest.raises(ValueError, match=message):
        read(folder, keep=keep)


def test_months_with_semicolons_and_decimal_commas(tmp_path):
    folder = tmp_path / "interactions"
    folder.mkdir()
    for month, rows in enumerate((range(5), range(5, 12))):
        lines = [f"{USERS[x]};{IDS[x]};{TIMES[x]};{x},5" for x in rows]
        text = "\n".join(["user_id;item_id;timestamp;seconds", *lines, ""])
        (folder / f"m{month}.csv.gz").write_bytes(gzip.compress(text.encode()))
    items = ["item_id;title;price", *(f"{x};Müsli 🥣, groß;{x},25" for x in set(IDS))]
    (tmp_path / "items.csv").write_text("\n".join([*items, ""]))
    source = read(tmp_path)
    assert source.log.select(list(LOG)).to_pydict() == LOG
    assert source.log["seconds"].to_pylist() == [x + 0.5 for x in range(12)]
    assert sorted(source.items["price"].to_pylist()) == [
        x + 0.25 for x in sorted({*IDS})
    ]
    sample = sample_tables(str(tmp_path), None, ReadingParams(), 100)
    assert sample["items"]["price"].type == pa.float64()


def test_a_point_anywhere_makes_commas_text(tmp_path):
    Form().written(tmp_path)
    (tmp_path / "items.parquet").unlink()
    lines = ["item_id;title;price;depth", *(f"{x};t;{x},25;1.5" for x in set(IDS))]
    (tmp_path / "items.csv").write_text("\n".join([*lines, ""]))
    items = read(tmp_path).items
    assert items["price"].type == pa.string()
    assert items["depth"].to_pylist() == [1.5] * 4


def test_groups_of_digits_are_no_decimals(tmp_path):
    Form().written(tmp_path)
    (tmp_path / "items.parquet").unlink()
    lines = ["item_id;title;sold", *(f"{x};t;1,{x - 800}" for x in set(IDS))]
    (tmp_path / "items.csv").write_text("\n".join([*lines, ""]))
    assert read(tmp_path).items["sold"].type == pa.string()


def test_times_of_the_first_rows_are_described(tmp_path):
    folder = Form(**times(DAY_FIRST)).written(tmp_path)
    params = ReadingParams()
    sample = sample_tables(str(folder), None, params, 100)["interactions"]
    with pytest.raises(ValueError, match="they look like --params"):
        describe_times(sample, params)
    named = ReadingParams(time_format="%d.%m.%Y %H:%M:%S")
    assert "2023-11-14 to 2023-11-15" in describe_times(sample, named)
    with pytest.raises(ValueError, match=r"'timestamp' is empty in rows \[0, 1\]"):
        describe_times(pa.table({"timestamp": pa.nulls(2)}), params)
