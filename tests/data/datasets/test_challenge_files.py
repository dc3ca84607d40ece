"""The challenge's files: every width is read, every defect is named."""

import json

import numpy as np
import pyarrow as pa
import pytest
from challenge_folders import HISTORIES, assert_named, load
from kedro.io.core import DatasetError
from raw_files import (
    CHALLENGE_FILES,
    ITEM_FEATURE,
    ROWS,
    SCALARS,
    write_challenge,
)

from mmctr.data.datasets import ChallengeFiles


def lists_of(kind):
    """Every Arrow list type over a value type."""
    return [
        pa.list_(kind),
        pa.large_list(kind),
        pa.list_(kind, 4),
        pa.list_view(kind),
        pa.large_list_view(kind),
    ]


def test_everything_is_read_in_file_order(tmp_path):
    source = load(write_challenge(tmp_path))
    items = source.items
    assert items["item_id"].to_pylist() == [1, 2, 3, 4]
    assert items["title"].to_pylist() == ["red shoe", "", "blue hat", "green coat"]
    assert items["tags"].to_pylist() == [[5, 6], [], [1, 2, 3, 4, 5], [9]]
    assert items["likes_level"].to_pylist() == ITEM_FEATURE["likes_level"]
    assert items["views_level"].to_pylist() == ITEM_FEATURE["views_level"]
    assert source.image_vectors.dtype == np.float32
    assert source.image_vectors.tolist() == ITEM_FEATURE["img_emb_CLIPRN50"]
    for rows in (source.train, source.valid, source.test):
        assert rows["user_id"].to_pylist() == ROWS["user_id"]
        assert rows["item_id"].to_pylist() == ROWS["item_id"]
        assert rows["item_seq"].to_pylist() == HISTORIES
        assert rows["likes_level"].to_pylist() == ROWS["likes_level"]
        assert rows["views_level"].to_pylist() == ROWS["views_level"]
    assert source.train["label"].to_pylist() == ROWS["label"]
    assert source.valid["label"].to_pylist() == ROWS["label"]
    assert "label" not in source.test.column_names
    assert source.oracle_auc is None


@pytest.mark.parametrize("kind", SCALARS, ids=str)
def test_any_width_of_scalars_is_read(tmp_path, kind):
    names = ("user_id", "item_id", "likes_level", "views_level", "label")
    rows = {name: pa.array(np.array(ROWS[name]), kind) for name in names}
    items = {
        name: pa.array(np.array(ITEM_FEATURE[name]), kind)
        for name in ("item_id", "likes_level", "views_level")
    }
    source = load(write_challenge(tmp_path, {"train": rows, "item_feature": items}))
    assert source.train["user_id"].to_pylist() == ROWS["user_id"]
    assert source.train["item_id"].type == pa.int64()
    assert source.train["item_id"].to_pylist() == ROWS["item_id"]
    assert source.train["views_level"].to_pylist() == ROWS["views_level"]
    assert source.train["label"].to_pylist() == ROWS["label"]
    assert source.items["item_id"].to_pylist() == ITEM_FEATURE["item_id"]


@pytest.mark.parametrize(
    "kind", [*lists_of(pa.int16()), *map(pa.list_, SCALARS)], ids=str
)
def test_any_list_type_is_read(tmp_path, kind):
    histories = pa.array(ROWS["item_seq"], kind)
    tags = pa.array(ITEM_FEATURE["item_tags"], pa.list_(kind.value_type))
    source = load(
        write_challenge(
            tmp_path,
            {"train": {"item_seq": histories}, "item_feature": {"item_tags": tags}},
        )
    )
    assert source.train["item_seq"].type == pa.large_list(pa.int64())
    assert source.train["item_seq"].to_pylist() == HISTORIES
    assert source.items["tags"].to_pylist() == [[5, 6], [], [1, 2, 3, 4, 5], [9]]


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()], ids=str)
def test_any_width_of_vectors_is_read(tmp_path, kind):
    vectors = pa.array(ITEM_FEATURE["img_emb_CLIPRN50"], pa.list_(pa.float64(), 2))
    changes = {"img_emb_CLIPRN50": vectors.cast(pa.large_list(kind))}
    source = load(write_challenge(tmp_path, {"item_feature": changes}))
    assert source.image_vectors.dtype == np.float32
    assert source.image_vectors.tolist() == ITEM_FEATURE["img_emb_CLIPRN50"]


def test_ids_above_float32_s_exact_range_are_kept(tmp_path):
    """A float32 cannot tell 16,777,217 from its neighbour; a float64 can."""
    big = 2**24 + 1
    histories = [[0, float(big)], [0, 1.0], [2.0, 3.0]]
    rows = {"item_seq": pa.array(histories), "item_id": pa.array([float(big), 1, 2])}
    source = load(write_challenge(tmp_path, {"train": rows}))
    assert source.train["item_id"][0].as_py() == big
    assert source.train["item_seq"].to_pylist()[0] == [big]


def test_users_may_be_text_or_categories(tmp_path):
    users = pa.array(["u7", "u8", "u8"])
    changes = {
        "train": {"user_id": users.dictionary_encode()},
        "valid": {"user_id": users.cast(pa.large_string())},
        "test": {"user_id": users},
    }
    source = load(write_challenge(tmp_path, changes))
    for rows in (source.train, source.valid, source.test):
        assert rows["user_id"].combine_chunks().equals(users)


def test_users_of_different_types_are_named(tmp_path):
    changes = {"valid": {"user_id": ["u7", "u8", "u8"]}}
    assert_named(tmp_path, changes, "'user_id' is int64, string, int64", "as text")


def test_histories_without_padding_or_items_are_read(tmp_path):
    histories = [[0, 0, 0], [1, 2, 3], [0, 0, 0]]
    source = load(write_challenge(tmp_path, {"valid": {"item_seq": histories}}))
    assert source.valid["item_seq"].to_pylist() == [[], [1, 2, 3], []]


def test_images_are_optional_and_their_column_can_be_named(tmp_path):
    no_images = write_challenge(
        tmp_path / "a", {"item_feature": {"img_emb_CLIPRN50": None}}
    )
    assert load(no_images).image_vectors.shape == (4, 0)
    write_challenge(tmp_path / "b", {"item_feature": {"mine": [[1.0]] * 4}})
    assert load(tmp_path / "b", image_column="mine").image_vectors.shape == (4, 1)
    assert load(tmp_path / "b", image_column=None).image_vectors.shape == (4, 0)


def test_withheld_labels_and_the_ceiling_are_taken(tmp_path):
    write_challenge(tmp_path, {"test_labels": {"label": pa.array([0.0, 1.0, 0.0])}})
    (tmp_path / "withheld" / "ceiling.json").write_text(
        json.dumps({"valid": {"auc": 0.9, "gauc": 0.8}, "test": {"auc": 0.88}})
    )
    source = load(tmp_path)
    assert source.test["label"].to_pylist() == [0, 1, 0]
    assert source.test["item_id"].to_pylist() == ROWS["item_id"]
    assert source.oracle_auc == {"valid": 0.9, "test": 0.88}


def test_labels_of_the_test_file_come_first(tmp_path):
    changes = {"test": {"label": [1, 1, 0]}, "test_labels": {"label": [0, 0]}}
    assert load(write_challenge(tmp_path, changes)).test["label"].to_pylist() == [
        1,
        1,
        0,
    ]


@pytest.mark.parametrize("name", ["item_feature", "train", "valid", "test"])
def test_a_missing_file_is_named_with_what_is_there(tmp_path, name):
    write_challenge(tmp_path)
    (tmp_path / CHALLENGE_FILES[name]).unlink()
    with pytest.raises(DatasetError, match=f"{name}.parquet is missing") as error:
        load(tmp_path)
    assert "raw_dir" in str(error.value)
    assert isinstance(error.value.__cause__, FileNotFoundError)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DatasetError, match="that folder does not exist"):
        load(tmp_path / "nowhere")
    assert not ChallengeFiles(path=str(tmp_path / "nowhere")).exists()
    assert ChallengeFiles(path=str(write_challenge(tmp_path))).exists()


def test_raw_files_are_never_written(tmp_path):
    dataset = ChallengeFiles(path=str(tmp_path))
    with pytest.raises(DatasetError, match="only read"):
        dataset.save("anything")
    assert str(tmp_path) in repr(dataset)


@pytest.mark.parametrize("name", ["train", "valid"])
def test_only_test_may_be_unlabelled(tmp_path, name):
    assert_named(tmp_path, {name: {"label": None}}, f"{name}.parquet", "'label'")


@pytest.mark.parametrize(
    ("column", "values", "fragments"),
    [
        ("label", [1, 2, -1], ["must be 0 or 1", "rows [1, 2]", "2, -1"]),
        ("label", [1.0, 0.5, 0.0], ["whole numbers", "rows [1]", "0.5"]),
        ("label", [1, None, 0], ["empty in rows [1]"]),
        ("label", ["1", "0", "1"], ["is string"]),
        ("likes_level", [0, 11, -1], ["level of 0 to 10", "rows [1, 2]", "11, -1"]),
        ("views_level", [0.0, float("nan"), 1.0], ["rows [1]"]),
        ("item_id", [3, 0, 1], ["1 or above", "rows [1]"]),
        ("item_id", pa.array([2**63, 1, 2], pa.uint64()), ["exactly", "rows [0]"]),
        ("user_id", [1, None, 2], ["empty in rows [1]"]),
        ("user_id", ["a", None, "b"], ["empty in rows [1]"]),
        ("user_id", [[1], [2], [3]], ["whole numbers or text"]),
        ("item_seq", [1, 2, 3], ["a list in every row"]),
        ("item_seq", [[1], None, [2]], ["empty in rows [1]"]),
        ("item_seq", [[1, 2], [3], [1, 2]], ["length 2", "rows [1] have [1]", "pad"]),
        ("item_seq", [[0, 1], [2, 0], [3, 4]], ["padding (0) after", "rows [1]"]),
        ("item_seq", [[1, 0, 2], [0, 0, 2], [1, 0, 0]], ["rows [0, 2]", "in front"]),
        ("item_seq", [[0, 1], [0, -2], [3, 4]], ["rows [1]", "0 (padding)"]),
        ("item_seq", [[0, 1.0], [0, 2.5], [0, 1.0]], ["rows [1]", "whole numbers"]),
        ("item_seq", [[0, 1], [0, None], [3, 4]], ["empty values in rows [1]"]),
        ("item_seq", [["a"], ["b"], ["c"]], ["lists of string"]),
        ("views_level", None, ["'views_level' is missing", "it has user_id"]),
    ],
)
def test_bad_rows_are_named(tmp_path, column, values, fragments):
    assert_named(
        tmp_path, {"valid": {column: values}}, "valid.parquet", column, *fragments
    )


@pytest.mark.parametrize(
    ("column", "values", "fragments"),
    [
        ("item_id", [1, 2, 2, 1], ["repeated values", "rows [0, 1, 2, 3]", "keep one"]),
        ("item_id", ["a", "b", "c", "d"], ["is string"]),
        ("item_title", [1, 2, 3, 4], ["is int64", "text"]),
        ("item_title", [["a"], ["b"], ["c"], ["d"]], ["text"]),
        ("item_tags", [[1, 2], [1, 2], [1], [1, 2]], ["length 2", "rows [2] have [1]"]),
        ("img_emb_CLIPRN50", [[1.0]] * 3 + [[1.0, 2.0]], ["rows [3] have [2]"]),
        ("img_emb_CLIPRN50", [[1.0], [float("nan")]] * 2, ["rows [1, 3]", "NaN"]),
        ("img_emb_CLIPRN50", [[1.0], [-float("inf")], [0.0], [1.0]], ["rows [1]"]),
        ("img_emb_CLIPRN50", [[1.0], [1e300], [0.0], [1.0]], ["rows [1]"]),
        ("img_emb_CLIPRN50", [[1.0], None, [0.0], [1.0]], ["empty in rows [1]"]),
    ],
)
def test_bad_items_are_named(tmp_path, column, values, fragments):
    changes = {"item_feature": {column: values}}
    assert_named(tmp_path, changes, "item_feature.parquet", column, *fragments)


def test_at_most_five_rows_are_named(tmp_path):
    rows = {name: values * 4 for name, values in ROWS.items()}
    assert_named(
        tmp_path,
        {"train": rows | {"label": [2] * 12}},
        "rows [0, 1, 2, 3, 4] and 7 more",
    )


def test_a_file_without_rows_is_named(tmp_path):
    empty = {name: pa.array(values).slice(0, 0) for name, values in ROWS.items()}
    assert_named(tmp_path, {"train": empty}, "train.parquet: no rows")


@pytest.mark.parametrize(
    ("labels", "fragment"),
    [([1, 0], "2 labels"), ([1, 0, 3], "must be 0 or 1"), ([1, 0, None], "empty")],
)
def test_bad_withheld_labels_are_named(tmp_path, labels, fragment):
    changes = {"test_labels": {"label": labels}}
    assert_named(tmp_path, changes, "test_labels.parquet", fragment)


@pytest.mark.parametrize("content", ["{", "[0.9]", '{"test": {}}', '{"test": 1}'])
def test_a_bad_ceiling_is_named(tmp_path, content):
    write_challenge(tmp_path, {"test_labels": {"label": [1, 0, 1]}})
    (tmp_path / "withheld" / "ceiling.json").write_text(content)
    with pytest.raises(DatasetError, match="ceiling.json: expected an 'auc' for each"):
        load(tmp_path)


def test_a_file_that_is_no_parquet_file_is_named(tmp_path):
    write_challenge(tmp_path)
    (tmp_path / CHALLENGE_FILES["train"]).write_bytes(b"not a parquet file")
    with pytest.raises(DatasetError, match=r"train\.parquet: not a whole parquet file"):
        load(tmp_path)
