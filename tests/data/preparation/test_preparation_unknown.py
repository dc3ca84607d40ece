"""Items and levels that an item table lacks: what is padded, told, and refused."""

import numpy as np
import pyarrow as pa
import pytest

from mmctr.data.datasets.source import RowColumns
from mmctr.data.preparation.unknown import (
    UnknownValues,
    pad_challenge_rows,
    raise_or_warn,
)

KNOWN = np.array([10, 20, 30])
OWN_LEVELS = {"likes_level": np.array([4, 5, 6]), "views_level": np.array([7, 8, 9])}


def lookup(ids: np.ndarray) -> np.ndarray:
    places = np.searchsorted(KNOWN, ids).clip(max=len(KNOWN) - 1)
    return np.where(KNOWN[places] == ids, places + 1, 0)


def rows() -> RowColumns:
    """Six rows: targets 99 and 98 are unknown, 97 and 96 in histories."""
    return RowColumns(
        user_ids=pa.array([1, 2, 3, 4, 5, 6]),
        item_ids=np.array([10, 99, 30, 98, 20, 10]),
        history=(
            np.array([20, 97, 30, 10, 96, 97, 97]),
            np.array([0, 2, 2, 4, 4, 6, 7]),
        ),
        likes_levels=np.array([0, 11, 10, -1, 3, 1], np.int8),
        views_levels=np.array([10, 0, -5, 2, 12, 11], np.int8),
        labels=np.array([1, 0, 0, 1, 1, 0], np.int8),
    )


def lists(history) -> list[list[int]]:
    values, offsets = history
    return [part.tolist() for part in np.split(values, offsets[1:-1])]


@pytest.mark.parametrize("part", ["train", "valid"])
def test_labelled_rows_of_unknown_targets_are_left_out(part):
    padded, found = pad_challenge_rows(rows(), part, lookup, OWN_LEVELS)
    assert padded.item_ids.tolist() == [1, 3, 2, 1]
    assert lists(padded.history) == [[2], [3, 1], [], []]
    assert padded.user_ids.to_pylist() == [1, 3, 5, 6]
    assert padded.labels.tolist() == [1, 0, 1, 0]
    # Train and valid are checked when they are read: levels are as they are.
    assert padded.likes_levels.tolist() == [0, 10, 3, 1]
    assert padded.views_levels.tolist() == [10, -5, 12, 11]
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
    padded, found = pad_challenge_rows(rows(), "test", lookup, OWN_LEVELS)
    assert padded.item_ids.tolist() == [1, 0, 3, 0, 2, 1]
    assert lists(padded.history) == [[2], [], [3, 1], [], [], []]
    # A level that is none is the target's own; an unknown target has none.
    assert padded.likes_levels.tolist() == [0, 0, 10, 0, 3, 1]
    assert padded.views_levels.tolist() == [10, 0, 9, 2, 8, 7]
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
    known = rows()
    known = RowColumns(
        user_ids=known.user_ids,
        item_ids=np.array([10, 20, 30, 10, 20, 30]),
        history=(np.array([20, 30]), np.array([0, 0, 0, 2, 2, 2, 2])),
        likes_levels=np.array([0, 1, 2, 3, 10, 0], np.int8),
        views_levels=np.array([0, 1, 2, 3, 10, 0], np.int8),
        labels=known.labels,
    )
    padded, found = pad_challenge_rows(known, part, lookup, OWN_LEVELS)
    assert padded.item_ids.tolist() == [1, 2, 3, 1, 2, 3]
    assert lists(padded.history) == [[], [], [2, 3], [], [], []]
    assert padded.likes_levels.tolist() == known.likes_levels.tolist()
    assert padded.views_levels.tolist() == known.views_levels.tolist()
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
        "add these items, fix or drop the rows, or treat them as padding with "
        "--params preparation.unknown_items=pad"
    )


def test_pad_tells_what_it_does(caplog):
    report = raise_or_warn([unknown(6), unknown(0, "never")], "pad")
    assert report["policy"] == "pad"
    (found,) = report["found"]
    assert found["first_rows"] == [0, 1, 2, 3, 4]
    assert found["first_values"] == [70, 71, 72, 73, 74]
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == f"{unknown(6).describe()}: left out"
