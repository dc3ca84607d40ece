"""A log and its items: every form of ids, times and tags; every defect named."""

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kedro.io.core import DatasetError
from raw_files import INTERACTIONS, ITEMS, SCALARS, write_log

from mmctr.data.datasets import InteractionLog


def load(folder, **options):
    return InteractionLog(path=str(folder), **options).load()


def assert_named(folder, *fragments, interactions=None, items=None):
    """Loading fails with one error that holds every fragment."""
    write_log(folder, interactions, items)
    with pytest.raises(DatasetError) as error:
        load(folder)
    assert isinstance(error.value.__cause__, ValueError)
    for fragment in fragments:
        assert fragment in str(error.value)


def test_both_files_are_read_in_file_order(tmp_path):
    source = load(write_log(tmp_path))
    assert source.log.to_pydict() == INTERACTIONS
    assert set(source.log.schema.types) == {pa.int64()}
    assert source.items.to_pydict() == ITEMS | {"title": ["red shoe", "", "blue hat"]}
    assert source.image_vectors.shape == (3, 0)


@pytest.mark.parametrize("kind", SCALARS, ids=str)
def test_any_width_of_numbers_is_read(tmp_path, kind):
    log = {name: pa.array([1, 2, 3, 2]).cast(kind) for name in ("user_id", "item_id")}
    items = {
        name: pa.array([1, 2, 3]).cast(kind) for name in ("item_id", "likes", "views")
    }
    source = load(write_log(tmp_path, log, items))
    assert set(source.log.schema.types) == {pa.int64()}
    assert source.log["item_id"].to_pylist() == [1, 2, 3, 2]
    assert source.items["item_id"].type == pa.int64()
    assert source.items["likes"].to_pylist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "encode",
    [
        lambda ids: ids,
        lambda ids: ids.cast(pa.large_string()),
        lambda ids: ids.cast(pa.string_view()),
        lambda ids: ids.dictionary_encode(),
    ],
    ids=["string", "large_string", "string_view", "dictionary"],
)
def test_ids_and_titles_may_be_any_kind_of_text(tmp_path, encode):
    ids = ["b", "a", "a", "007"]
    log = {"user_id": encode(pa.array(ids)), "item_id": encode(pa.array(ids))}
    items = {
        "item_id": encode(pa.array(["007", "a", "b"])),
        "title": encode(pa.array(["x", None, "y"])),
    }
    source = load(write_log(tmp_path, log, items))
    assert source.log["user_id"].to_pylist() == ids
    assert source.log["item_id"].to_pylist() == ids
    assert source.items["title"].to_pylist() == ["x", "", "y"]


def test_categories_of_numbers_are_read_as_numbers(tmp_path):
    users = pa.array([7, 7, 8, 8]).dictionary_encode()
    source = load(write_log(tmp_path, {"user_id": users}))
    assert source.log["user_id"].to_pylist() == [7, 7, 8, 8]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Paris"])
def test_timestamps_become_unix_seconds(tmp_path, unit, zone):
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    seconds = [0, 1_356_220_800, 1_356_220_801, 1_360_108_800]
    times = pa.array([second * per_second for second in seconds])
    log = {"timestamp": times.cast(pa.timestamp(unit, tz=zone))}
    assert load(write_log(tmp_path, log)).log["timestamp"].to_pylist() == seconds


@pytest.mark.parametrize(
    ("column", "values", "tags"),
    [
        ("tag", ["a", None, " "], [["a"], [], []]),
        ("tag", pa.array(["a", None, "b"]).dictionary_encode(), [["a"], [], ["b"]]),
        ("tag", [3, None, 4], [["3"], [], ["4"]]),
        ("tag", [3.0, float("nan"), None], [["3"], [], []]),
        ("tag", [None, None, None], [[], [], []]),
        ("tags", [["a", "b"], None, ["", None, "c"]], [["a", "b"], [], ["c"]]),
        ("tags", [[1, 2], [], [3]], [["1", "2"], [], ["3"]]),
        ("tags", pa.array([["a"]] * 3, pa.list_(pa.string(), 1)), [["a"]] * 3),
        ("tags", pa.array([["a"]] * 3, pa.large_list(pa.string())), [["a"]] * 3),
        ("tags", pa.array([["a"]] * 3, pa.list_view(pa.string())), [["a"]] * 3),
    ],
)
def test_tags_come_in_many_forms(tmp_path, column, values, tags):
    items = load(write_log(tmp_path, items={column: values})).items
    assert items["tags"].to_pylist() == tags


def test_tags_win_over_tag(tmp_path):
    items = {"tags": [["a"], ["b"], ["c"]], "tag": ["x", "y", "z"]}
    loaded = load(write_log(tmp_path, items=items)).items
    assert loaded["tags"].to_pylist() == items["tags"]


def test_image_vectors_are_read_from_the_named_column(tmp_path):
    vectors = [[1.0, 2.0], [0.5, 0.0], [3.0, 4.0]]
    write_log(tmp_path, items={"image_vector": vectors, "other": [[1], [2], [3]]})
    image_vectors = load(tmp_path).image_vectors
    assert image_vectors.dtype == np.float32
    assert image_vectors.tolist() == vectors
    assert load(tmp_path, image_column="other").image_vectors.tolist() == [
        [1.0],
        [2.0],
        [3.0],
    ]


@pytest.mark.parametrize("name", ["interactions", "items"])
def test_a_missing_file_is_named_with_what_is_there(tmp_path, name):
    write_log(tmp_path)
    (tmp_path / f"{name}.parquet").unlink()
    with pytest.raises(DatasetError, match=f"{name}.parquet is missing") as error:
        load(tmp_path)
    assert "it holds" in str(error.value)
    assert "raw_dir" in str(error.value)


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(DatasetError, match="it holds nothing"):
        load(tmp_path)
    assert not InteractionLog(path=str(tmp_path)).exists()
    assert InteractionLog(path=str(write_log(tmp_path))).exists()


def test_raw_files_are_never_written(tmp_path):
    dataset = InteractionLog(path=str(tmp_path))
    with pytest.raises(DatasetError, match="only read"):
        dataset.save("anything")
    assert str(tmp_path) in repr(dataset)


@pytest.mark.parametrize(
    ("column", "values", "fragments"),
    [
        ("user_id", None, ["'user_id' is missing", "it has item_id, timestamp"]),
        ("user_id", [1, None, 2, None], ["empty in rows [1, 3]"]),
        ("user_id", ["a", "b", None, "c"], ["empty in rows [2]"]),
        ("user_id", [1.0, 2.5, 3.0, 4.0], ["whole numbers", "rows [1] hold [2.5]"]),
        ("user_id", [1.0, 1e17, 3.0, 4.0], ["exactly", "rows [1]"]),
        ("user_id", pa.array([2**63, 1, 1, 2], pa.uint64()), ["int64", "rows [0]"]),
        ("user_id", [True, False, True, True], ["is bool", "text"]),
        ("item_id", ["30", "10", "10", "20"], ["3 of 3 texts equal", "both as text"]),
        ("timestamp", [1, None, 2, 3], ["empty in rows [1]"]),
        ("timestamp", [10**9, -5, 10**9, 10**9], ["different", "rows [1] hold [-5"]),
        ("timestamp", ["2020-01-01"] * 3 + ["today"], ["ISO", "rows [3] hold ['today"]),
        ("timestamp", [1.0, float("nan"), 2.0, 3.0], ["rows [1]"]),
    ],
)
def test_bad_interactions_are_named(tmp_path, column, values, fragments):
    assert_named(
        tmp_path,
        "interactions.parquet",
        column,
        *fragments,
        interactions={column: values},
    )


@pytest.mark.parametrize(
    ("column", "values", "fragments"),
    [
        ("item_id", [10, 20, 10], ["repeated values", "rows [0, 2]", "keep one"]),
        ("item_id", [10, None, 30], ["empty in rows [1]"]),
        ("title", [b"1", b"2", b"3"], ["is binary", "write the bytes as text"]),
        ("likes", [1, -2, 3], ["not negative", "rows [1] hold -2"]),
        ("views", [1.0, float("inf"), 3.0], ["finite", "rows [1]"]),
        ("likes", ["many", "few", "none"], ["is string", "numbers"]),
        (
            "tag",
            [True, False, True],
            ["is bool", "a text, or a list"],
        ),
        ("image_vector", [[1.0], [1.0, 2.0], [3.0]], ["length 1", "rows [1] have [2]"]),
        ("image_vector", [[1.0], [float("nan")], [3.0]], ["rows [1]", "drop"]),
        (
            "image_vector",
            ["a", "b", "c"],
            ["is string", "a list of numbers"],
        ),
    ],
)
def test_bad_items_are_named(tmp_path, column, values, fragments):
    assert_named(tmp_path, "items.parquet", column, *fragments, items={column: values})


def test_every_defect_of_a_table_is_told_at_once(tmp_path):
    assert_named(
        tmp_path,
        "column 'likes'",
        "column 'item_id'",
        items={"item_id": [10, 10, 20], "likes": [-1, 0, 1]},
    )


@pytest.mark.parametrize("name", ["interactions", "items"])
def test_a_file_without_rows_is_named(tmp_path, name):
    columns = INTERACTIONS if name == "interactions" else ITEMS
    empty = {key: pa.array(values).slice(0, 0) for key, values in columns.items()}
    assert_named(tmp_path, f"{name}.parquet: no rows", **{name: empty})


def test_a_csv_of_names_alone_has_no_value_in_any_row(tmp_path):
    pq.write_table(pa.table(ITEMS), tmp_path / "items.parquet")
    (tmp_path / "interactions.csv").write_text("user_id,item_id,timestamp\n")
    with pytest.raises(DatasetError, match="'user_id' has no value in any row"):
        load(tmp_path)


def test_dates_are_seconds_at_midnight(tmp_path):
    days = [datetime.date(1970, 1, 2), datetime.date(1970, 1, 3)]
    log = pa.table({"user_id": [1, 1], "item_id": [1, 1], "timestamp": days})
    pq.write_table(log, tmp_path / "interactions.parquet")
    items = pa.table({"item_id": [1], "title": ["one"]})
    pq.write_table(items, tmp_path / "items.parquet")
    read = InteractionLog(path=str(tmp_path)).load().log
    assert read["timestamp"].to_pylist() == [86_400, 172_800]
