"""Items and levels that an item table lacks: what is padded, told, and refused."""

import numpy as np
import pyarrow as pa
import pytest

from mmctr.data.preparation.log_numbers import number_log
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.unknown import (
    UnknownValues,
    pad_challenge_rows,
    raise_or_warn,
)
from mmctr.data.preparation.weights import row_weights
from mmctr.data.reading.source import LogSource, ReadColumn

KNOWN = np.array([10, 20, 30])
ITEMS = pa.table({"likes_level": [4, 5, 6], "views_level": [7, 8, 9]})
LISTS = pa.large_list(pa.int64())


def lookup(ids: np.ndarray) -> np.ndarray:
    places = np.searchsorted(KNOWN, ids).clip(max=len(KNOWN) - 1)
    return np.where(KNOWN[places] == ids, places + 1, 0)


def rows() -> pa.Table:
    """Six rows: targets 99 and 98 are unknown, 97 and 96 in histories."""
    history = [[20, 97], [], [30, 10], [], [96, 97], [97]]
    return pa.table(
        {
            "user_id": [1, 2, 3, 4, 5, 6],
            "item_id": [10, 99, 30, 98, 20, 10],
            "item_seq": pa.array(history, LISTS),
            "likes_level": np.array([0, 11, 10, -1, 3, 1], np.int8),
            "views_level": np.array([10, 0, -5, 2, 12, 11], np.int8),
            "label": np.array([1, 0, 0, 1, 1, 0], np.int8),
        }
    )


@pytest.mark.parametrize("part", ["train", "valid"])
def test_labelled_rows_of_unknown_targets_are_left_out(part):
    padded, found = pad_challenge_rows(rows(), part, lookup, ITEMS)
    assert padded["item_id"].to_pylist() == [1, 3, 2, 1]
    assert padded["item_seq"].to_pylist() == [[2], [3, 1], [], []]
    assert padded["user_id"].to_pylist() == [1, 3, 5, 6]
    assert padded["label"].to_pylist() == [1, 0, 1, 0]
    # Train and valid are checked when they are read: levels are as they are.
    assert padded["likes_level"].to_pylist() == [0, 10, 3, 1]
    assert padded["views_level"].to_pylist() == [10, -5, 12, 11]
    lacking = "items that item_feature.parquet lacks"
    assert [unknown.describe() for unknown in found] == [
        f"{part}.parquet: column 'item_id' has 2 rows with {lacking}, first rows "
        "[1, 3] (item_id [99, 98])",
        f"{part}.parquet: column 'item_seq' has 3 rows with {lacking}, first rows "
        "[0, 4, 5] (item_seq [97, 96])",
    ]
    assert [unknown.fate for unknown in found] == [
        "these rows are left out",
        "left out of these histories",
    ]


def test_rows_to_score_all_stay():
    padded, found = pad_challenge_rows(rows(), "test", lookup, ITEMS)
    assert padded["item_id"].to_pylist() == [1, 0, 3, 0, 2, 1]
    assert padded["item_seq"].to_pylist() == [[2], [], [3, 1], [], [], []]
    # A level that is none is the target's own; an unknown target has none.
    assert padded["likes_level"].to_pylist() == [0, 0, 10, 0, 3, 1]
    assert padded["views_level"].to_pylist() == [10, 0, 9, 2, 8, 7]
    assert [unknown.report() for unknown in found] == [
        {
            "file": "test.parquet",
            "column": "item_id",
            "rows": 2,
            "values": 2,
            "first_rows": [1, 3],
            "first_values": [99, 98],
            "fate": "these rows are scored as items of which nothing is known",
        },
        {
            "file": "test.parquet",
            "column": "item_seq",
            "rows": 3,
            "values": 4,
            "first_rows": [0, 4, 5],
            "first_values": [97, 96],
            "fate": "left out of these histories",
        },
        {
            "file": "test.parquet",
            "column": "likes_level",
            "rows": 2,
            "values": 2,
            "first_rows": [1, 3],
            "first_values": [11, -1],
            "fate": "the item's own level is taken",
        },
        {
            "file": "test.parquet",
            "column": "views_level",
            "rows": 3,
            "values": 3,
            "first_rows": [2, 4, 5],
            "first_values": [-5, 12, 11],
            "fate": "the item's own level is taken",
        },
    ]
    assert found[2].describe() == (
        "test.parquet: column 'likes_level' has 2 rows with levels outside 0 to 10, "
        "first rows [1, 3] (likes_level [11, -1])"
    )


@pytest.mark.parametrize("part", ["train", "test"])
def test_rows_of_known_items_stay_as_they_are(part):
    levels = np.array([0, 1, 2, 3, 10, 0], np.int8)
    known = pa.table(
        {
            "user_id": rows()["user_id"],
            "item_id": [10, 20, 30, 10, 20, 30],
            "item_seq": pa.array([[], [], [20, 30], [], [], []], LISTS),
            "likes_level": levels,
            "views_level": levels,
            "label": rows()["label"],
        }
    )
    padded, found = pad_challenge_rows(known, part, lookup, ITEMS)
    assert padded["item_id"].to_pylist() == [1, 2, 3, 1, 2, 3]
    assert padded["item_seq"].to_pylist() == [[], [], [2, 3], [], [], []]
    assert padded["likes_level"].to_pylist() == known["likes_level"].to_pylist()
    assert padded["views_level"].to_pylist() == known["views_level"].to_pylist()
    assert [unknown.values.size for unknown in found] == [0] * len(found)
    assert raise_or_warn(found, "strict") == {"policy": "strict", "found": []}


def unknown(count: int, column: str = "item_id") -> UnknownValues:
    places = np.arange(count)
    return UnknownValues("f", column, places, places + 70, "left out", "items")


def test_strict_refuses_all_that_is_there_in_one_message():
    with pytest.raises(ValueError, match="f: column") as error:
        raise_or_warn(
            [unknown(6), unknown(0, "never"), unknown(1, "item_seq")], "strict"
        )
    assert str(error.value) == (
        "f: column 'item_id' has 6 rows with items, first rows [0, 1, 2, 3, 4] "
        "(item_id [70, 71, 72, 73, 74]); "
        "f: column 'item_seq' has 1 rows with items, first rows [0] (item_seq [70]); "
        "add these items, fix or drop the rows, or go on without them (left out): "
        "--params preparation.unknown_items=pad"
    )


def test_files_of_a_log_are_named_as_they_are():
    log = pa.table({"user_id": [1], "item_id": [7], "timestamp": [5]})
    source = LogSource(
        log,
        pa.table({"item_id": [1, 2], "title": ["a", "b"]}),
        np.zeros((2, 0), np.float32),
        read=(
            ReadColumn("interactions", "interactions.csv", "user_id", "user_id"),
            ReadColumn("items", "items.tsv.gz", "item_id", "item_id"),
        ),
    )
    said = r"^interactions.csv: column 'item_id' has 1 rows .* items.tsv.gz lacks"
    with pytest.raises(ValueError, match=said):
        number_log(source, "strict", 1)
    with pytest.raises(ValueError, match=r"interactions.csv: no event .* items.tsv.gz"):
        number_log(source, "pad", 1)
    with pytest.raises(ValueError, match=r"^interactions.csv: column 'w'"):
        row_weights(source, PreparationParams(seed=1, weight_column="w"))


def test_pad_tells_what_it_does(caplog):
    report = raise_or_warn([unknown(6), unknown(0, "never")], "pad")
    assert report["policy"] == "pad"
    (found,) = report["found"]
    assert found["first_rows"] == [0, 1, 2, 3, 4]
    assert found["first_values"] == [70, 71, 72, 73, 74]
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == f"{unknown(6).describe()}: left out"
