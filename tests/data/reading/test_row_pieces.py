"""Rows in pieces are the rows of the whole table, whatever files they are in."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmctr.data.reading.events import read_history
from mmctr.data.reading.notes import NoNotes
from mmctr.data.reading.params import ReadingParams
from mmctr.data.reading.row_pieces import RowPieces
from mmctr.data.reading.scored_log import NO_LABEL, ScoredLog


def opened(folder: Path, **reading) -> ScoredLog:
    return ScoredLog.open(str(folder), ReadingParams(**reading))


def log_of(rows: int) -> pa.Table:
    return pa.table(
        {
            "user_id": np.arange(rows) % 7,
            "item_id": [f"i{x % 5}" for x in range(rows)],
            "timestamp": 1_700_000_000 + np.arange(rows),
            "device": pa.array(["a", "b"] * rows).slice(0, rows).dictionary_encode(),
        }
    )


@given(
    parts=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    group=st.integers(1, 50),
    size=st.integers(1, 60),
    first=st.integers(0, 3),
)
@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_pieces_of_any_size_from_any_on_are_the_rows(
    tmp_path_factory, parts, group, size, first
):
    folder = tmp_path_factory.mktemp("log")
    rows = log_of(sum(parts))
    (folder / "interactions").mkdir()
    ends = np.cumsum([0, *parts])
    for start, end in zip(ends, ends[1:], strict=False):
        path = folder / "interactions" / f"{start:05d}.parquet"
        pq.write_table(rows.slice(start, end - start), path, row_group_size=group)
    found = list(RowPieces(opened(folder).rows).read(size, first))
    assert all(each.num_rows == size for each in found[:-1])
    expected = rows.slice(first * size).to_pylist()
    assert [row for each in found for row in each.to_pylist()] == expected


def test_partitions_and_row_numbers_that_no_file_holds_are_columns(tmp_path):
    frame = log_of(10).to_pandas()
    folder = tmp_path / "a" / "interactions"
    for day in (1, 2):
        (folder / f"day={day}").mkdir(parents=True)
        frame.to_parquet(folder / f"day={day}" / "x.parquet", index=False)
    found = pa.concat_tables(RowPieces(opened(tmp_path / "a").rows).read(7))
    assert found["day"].to_pylist() == [1] * 10 + [2] * 10
    frame.index = pd.RangeIndex(100, 120, 2, name="number")
    (tmp_path / "b").mkdir()
    frame.to_parquet(tmp_path / "b" / "interactions.parquet", row_group_size=4)
    found = pa.concat_tables(RowPieces(opened(tmp_path / "b").rows).read(3, 1))
    assert found["number"].to_pylist() == list(range(106, 120, 2))


VALUES = ["", "7", "0", "true", "2024-01-31", "10:20:30", "2024-01-31 10:20:30"]
VALUES += ["2024-01-31 10:20:30.5", "2024-01-31T10:20:30Z", "1.5", "some text", "007"]


@pytest.mark.parametrize("late", VALUES)
def test_all_of_a_csv_file_decides_what_its_columns_are(tmp_path, late):
    """Also what comes after the first megabytes."""
    (tmp_path / "interactions").mkdir()
    path = tmp_path / "interactions" / "a.csv"
    names = [f"x{place}" for place in range(len(VALUES))]
    head = ",".join(["user_id", "item_id", *names])
    rows = [",".join(["7", "007", *VALUES])] * 12_000
    rows.append(",".join(["8", "1", *[late] * len(VALUES)]))
    path.write_text("\n".join([head, *rows, ""]))
    # A second file, whose columns stand in another order; it lacks one.
    other = tmp_path / "interactions" / "b.csv"
    other.write_text(f"item_id,user_id,{names[1]}\n3,9,{VALUES[1]}\n")
    table = opened(tmp_path).rows
    found = RowPieces(table)
    try:
        expected = table.read()
    except ValueError as error:
        with pytest.raises(ValueError, match=r"b.csv does not fit .*Unable to"):
            list(found.read(9_000))
        assert "Unable to merge" in str(error)
        return
    assert found.count() == expected.num_rows
    pieces = list(found.read(9_000))
    assert [each.num_rows for each in pieces] == [9_000, 3_002]
    assert pa.concat_tables(pieces).equals(expected)
    (last,) = found.read(9_000, 1, ["item_id", "x3"])
    assert last.equals(expected.slice(9_000).select(["item_id", "x3"]))


def test_labels_may_be_missing_in_some_rows_and_a_piece_need_not_hold_each(tmp_path):
    rows = log_of(6).append_column(
        "event", pa.array(["view", "view", "view", "buy", None, "buy"])
    )
    pq.write_table(rows, tmp_path / "interactions.parquet")
    rule = {"column": "event", "positive": ["buy"]}
    pieces = list(opened(tmp_path, label=rule).pieces(3))
    assert [each.labels.tolist() for each in pieces] == [[0, 0, 0], [1, NO_LABEL, 1]]
    assert opened(tmp_path).label is None


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_pieces_of_earlier_clicks_are_those_of_the_whole_table(tmp_path, form):
    pq.write_table(log_of(6), tmp_path / "interactions.parquet")
    rows = log_of(9).append_column("event", pa.array(["view"] * 4 + ["buy"] * 5))
    milliseconds = pa.array(rows["timestamp"].to_numpy() * 1000 + 250)
    rows = rows.set_column(2, "timestamp", milliseconds)
    if form == "csv":
        rows.to_pandas().to_csv(tmp_path / "history.csv", index=False)
    else:
        pq.write_table(rows, tmp_path / "history.parquet")
    log = opened(tmp_path, label={"column": "event", "positive": ["buy"]})
    expected, _ = read_history(log.tables["history"], log.params, NoNotes())
    pieces = [each for each in log.history_pieces(2) if each.num_rows]
    assert len(pieces) == 3
    assert pa.concat_tables(pieces).equals(expected)


def test_rows_of_an_error_are_counted_from_the_piece(tmp_path):
    pq.write_table(log_of(6), tmp_path / "interactions.parquet")
    rows = log_of(6).set_column(1, "item_id", pa.array(["a"] * 5 + [None]))
    pq.write_table(rows, tmp_path / "history.parquet")
    with pytest.raises(ValueError, match=r"rows \[1\].*rows from 4 on"):
        list(opened(tmp_path).history_pieces(4))


def test_the_unit_of_times_is_that_of_the_first_rows(tmp_path):
    rows = log_of(4)
    milliseconds = pa.array(rows["timestamp"].to_numpy() * 1000 + 250)
    rows = rows.set_column(2, "timestamp", milliseconds)
    pq.write_table(rows, tmp_path / "interactions.parquet")
    piece = next(opened(tmp_path).pieces(2, 1))
    assert piece.times.tolist() == [1_700_000_002, 1_700_000_003]
    assert piece.fractions.tolist() == [0.25, 0.25]
    mixed = pa.array([1_700_000_000, 1_700_000_001, 1_700_000_000_000, 5])
    rows = rows.set_column(2, "timestamp", mixed)
    pq.write_table(rows, tmp_path / "interactions.parquet")
    with pytest.raises(ValueError, match=r"'timestamp'"):
        list(opened(tmp_path).pieces(2))


def test_a_damaged_row_group_is_named(tmp_path):
    path = tmp_path / "interactions.parquet"
    pq.write_table(log_of(5000), path, row_group_size=1000, write_page_checksum=True)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"interactions\.parquet: not a whole parquet"):
        list(opened(tmp_path).pieces(1000))


def test_a_folder_without_rows_names_the_parameter(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"--params log=DIR"):
        opened(tmp_path / "none")
    pq.write_table(
        log_of(2).drop_columns(["user_id"]), tmp_path / "interactions.parquet"
    )
    with pytest.raises(ValueError, match="column 'user_id' is missing"):
        opened(tmp_path)
