"""Tables between pipelines hold their contracts, or are named with what is wrong."""

import numpy as np
import pyarrow as pa
import pytest
import yaml
from project_runs import REPOSITORY

from mmctr.data import table_checks
from mmctr.data.contracts import CONTRACTS
from mmctr.data.datasets import ArrowDataset, AtomicDataset
from mmctr.data.table_checks import check_table

IDS = pa.list_(pa.int32())


def integers(values: list[int]) -> pa.Array:
    return pa.array(values, pa.int8())


ROWS = {
    "user_id": pa.array(["u", "v", "v"]),
    "group_id": pa.array([0, 1, 1]),
    "item_id": pa.array([1, 2, 1]),
    "item_seq": pa.array([[1, 2], [], [2]], IDS),
    "timestamp": pa.array([5, 7, None]),
    "as_of": pa.array([0, 0, None]),
    "label": integers([0, 1, 0]),
}
SOUND = {
    "items": {
        "item_id": pa.array([1, 2]),
        "title": pa.array(["a", ""]),
    },
    "item_id_mapping": {
        "item_id": pa.array([1, 2]),
        "original_id": pa.array(["x", "y"]),
    },
    "events": {
        "user_id": pa.array(["u", "v"]),
        "item_id": pa.array([1, 2]),
        "timestamp": pa.array([5, None]),
    },
    "labelled_rows": ROWS,
    "test_rows": ROWS
    | {"item_id": pa.array([0, 2, 1]), "label": pa.nulls(3, pa.int8())},
    "item_table": {
        "item_id": pa.array([0, 1, 2], pa.int32()),
        "title_codes": pa.array([[0, 0], [1, 2], [2, 1]], IDS),
        "image_codes": pa.array([[], [], []], IDS),
    },
    "predictions": {
        "user_id": pa.array([3, 4]),
        "item_id": pa.array(["x", None]),
        "label": pa.array([1, None], pa.int8()),
        "probability": pa.array([0.0, 1.0]),
        "raw_probability": pa.array([0.0, 1.0]),
    },
}


def problems(contract: str, **changes: pa.Array) -> str:
    columns = {k: v for k, v in (SOUND[contract] | changes).items() if v is not None}
    with pytest.raises(ValueError, match=r"^here\.parquet: ") as error:
        check_table(pa.table(columns), contract, "here.parquet")
    return str(error.value)


def test_every_contract_has_a_sound_table():
    assert set(SOUND) == set(CONTRACTS)
    for contract, columns in SOUND.items():
        table = pa.table(columns)
        check_table(table, contract, "here.parquet")
        names = [*reversed(table.column_names), "more"]
        wider = table.append_column("more", pa.nulls(table.num_rows))
        check_table(wider.select(names), contract, "here.parquet")


@pytest.mark.parametrize("contract", SOUND)
def test_every_column_is_needed(contract):
    for name in SOUND[contract].keys() - {"title_codes", "image_codes"}:
        assert f"column '{name}' is missing" in problems(contract, **{name: None})


@pytest.mark.parametrize("contract", SOUND)
def test_a_table_without_rows_is_named(contract):
    empty = {name: values.slice(0, 0) for name, values in SOUND[contract].items()}
    assert problems(contract, **empty) == "here.parquet: no rows"
    check_table(pa.table(empty), contract, "here.parquet", may_be_empty=True)


OF_ROWS = ["labelled_rows", "test_rows"]


@pytest.mark.parametrize(
    ("contract", "column", "values", "words"),
    [
        ("items", "item_id", pa.array([1, 3]), "so on, in order; rows [1]"),
        ("items", "item_id", pa.array([0, 1]), "must be 1, 2, 3 and so on"),
        ("items", "title", pa.array(["a", None]), "empty values in rows [1]"),
        ("items", "title", pa.array([1, 2]), "'title' is Int64, expected"),
        ("items", "item_id", pa.array([1, None]), "empty values in rows [1]"),
        ("items", "item_id", pa.array(["1", "2"]), "'item_id' is str"),
        ("test_rows", "item_seq", pa.array([1, 2, 3]), "is int64; expected a list in"),
        (
            "test_rows",
            "item_seq",
            pa.array([[1], None, []], IDS),
            "is empty in rows [1]",
        ),
        ("test_rows", "item_seq", pa.array([[1], [2], []]), "is int64, expected"),
        (
            "test_rows",
            "item_seq",
            pa.array([[1], [1, None], []], IDS),
            "has empty values in rows [1]",
        ),
        ("item_id_mapping", "item_id", pa.array([2, 1]), "rows [0, 1] hold 2, 1"),
        ("item_id_mapping", "original_id", pa.array([5, 5]), "repeated values"),
        *((x, "group_id", pa.array([0, -1, 0]), "rows [1] hold -1") for x in OF_ROWS),
        *(
            (x, "label", integers([0, 2, 1]), "must be 0 or 1; rows [1]")
            for x in OF_ROWS
        ),
        *((x, "item_id", pa.array([1, -1, 1]), "rows [1] hold -1") for x in OF_ROWS),
        *((x, "user_id", pa.array(["a", None, "b"]), "rows [1]") for x in OF_ROWS),
        ("labelled_rows", "item_id", pa.array([1, 0, 1]), "1 or above (0 is padding)"),
        ("labelled_rows", "label", pa.nulls(3, pa.int8()), "rows [0, 1, 2]"),
        ("labelled_rows", "item_seq", pa.array([[1], [], [0, 2, 0]], IDS), "rows [2]"),
        ("item_table", "item_id", pa.array([1, 2, 3], pa.int32()), "must be 0, 1, 2"),
        ("item_table", "title_codes", pa.array([[0], [-1], [1]], IDS), "rows [1]"),
        ("item_table", "image_codes", pa.array([[0], [1, 1], [1]], IDS), "length 1"),
        ("predictions", "probability", pa.array([0.5, 1.5]), "rows [1] hold 1.5"),
        ("predictions", "probability", pa.array([-0.1, 1.0]), "within 0 and 1"),
        ("predictions", "probability", pa.array([0.5, np.nan]), "rows [1]"),
        ("predictions", "probability", pa.array([0.5, None]), "rows [1]"),
        ("predictions", "label", integers([0, 3]), "must be 0 or 1"),
    ],
)
def test_what_does_not_hold_is_named(contract, column, values, words):
    message = problems(contract, **{column: values})
    assert f"column '{column}'" in message
    assert words in message
    assert message.count("column '") == 1


def test_all_defects_are_told_at_once():
    assert problems("labelled_rows", label=integers([0, 2, 1]), user_id=None) == (
        "here.parquet: column 'user_id' is missing; column 'label' must be 0 or 1; "
        "rows [1] hold 2"
    )


def test_a_list_far_behind_is_named_once_by_its_row(monkeypatch):
    """Values are looked at a part at a time, of which a list may lie in two."""
    monkeypatch.setattr(table_checks, "_VALUES", 4)
    lists = [[1, 2, 3], [], [4, 5], [6, 0, 0, 0], [7], [0]]
    rows = {
        name: pa.chunked_array([values, values]) for name, values in ROWS.items()
    } | {"item_seq": pa.array(lists, IDS)}
    message = problems("labelled_rows", **rows)
    assert (
        "'item_seq' must be 1 or above (padding is left out); rows [3] hold" in message
    )


@pytest.mark.parametrize(
    ("lists", "wanted"),
    [
        (
            [[0], [0], [1], [0], [0, 0], [0], [0]],
            "must be 1 or above (padding is left out); rows [0, 1, 3, 4, 5] and 1 more "
            "hold 0, 0, 0, 0, 0",
        ),
        (
            [None] * 7,
            "is empty in rows [0, 1, 2, 3, 4]; fill them or drop the rows",
        ),
        (
            [[None], [1], *[[None]] * 5],
            "has empty values in rows [0, 2, 3, 4, 5]; fill them or drop the rows",
        ),
    ],
)
def test_five_rows_of_lists_are_named_and_no_more(lists, wanted):
    count = len(lists)
    rows = {name: values.take([0] * count) for name, values in ROWS.items()}
    said = problems("labelled_rows", **rows | {"item_seq": pa.array(lists, IDS)})
    assert said == f"here.parquet: column 'item_seq' {wanted}"


def test_five_rows_of_another_length_are_named_and_no_more():
    said = problems(
        "item_table",
        item_id=pa.array(range(13), pa.int32()),
        title_codes=pa.array([[1]] * 7 + [[1, 2]] * 6, IDS),
        image_codes=pa.array([[1]] * 13, IDS),
    )
    assert said == (
        "here.parquet: column 'title_codes' has lists of length 1, but rows "
        "[7, 8, 9, 10, 11] have [2, 2, 2, 2, 2]; write lists of one length"
    )


def test_a_table_is_checked_when_saved_and_when_loaded(tmp_path):
    path = tmp_path / "train.parquet"
    bad = pa.table(ROWS | {"label": integers([0, 1, 7])})
    held = ArrowDataset(filepath=str(path), contract="labelled_rows")
    with pytest.raises(Exception, match=r"train\.parquet: column 'label' must be"):
        held.save(bad)
    assert not path.exists()
    ArrowDataset(filepath=str(path)).save(bad)
    with pytest.raises(Exception, match=r"train\.parquet: column 'label' must be"):
        held.load()
    atomic = AtomicDataset(
        dataset={
            "type": "mmctr.data.datasets.ArrowDataset",
            "contract": "labelled_rows",
        },
        filepath=str(path),
    )
    with pytest.raises(Exception, match=r"/train\.parquet: column 'label' must be"):
        atomic.save(bad)
    with pytest.raises(Exception, match="column 'label' must be .* make it again"):
        atomic.load()
    held.save(pa.table(ROWS))
    assert held.load().equals(pa.table(ROWS))


def test_every_table_between_pipelines_has_a_contract():
    steps = ("preparation", "fusion", "row_statistics", "ctr_modeling")
    tables = {
        name: entry["dataset"]
        for step in steps
        for name, entry in yaml.safe_load(
            (REPOSITORY / f"conf/base/catalog/{step}.yml").read_text()
        ).items()
        if "datasets.ArrowDataset" in str(entry)
    }
    assert {"train", "item_table", "test_frozen_rows", "events"} <= set(tables)
    assert [name for name, entry in tables.items() if "contract" not in entry] == []
