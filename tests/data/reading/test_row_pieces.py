"""Rows in pieces are the rows of the whole table, whatever files they are in."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmctr.data.reading.params import ReadingParams
from mmctr.data.reading.row_pieces import row_pieces
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
    found = list(row_pieces(opened(folder).rows, size, first))
    assert all(each.num_rows == size for each in found[:-1])
    expected = rows.slice(first * size).to_pylist()
    assert [row for each in found for row in each.to_pylist()] == expected


def test_partitions_and_row_numbers_that_no_file_holds_are_columns(tmp_path):
    frame = log_of(10).to_pandas()
    folder = tmp_path / "a" / "interactions"
    for day in (1, 2):
        (folder / f"day={day}").mkdir(parents=True)
        frame.to_parquet(folder / f"day={day}" / "x.parquet", index=False)
    found = pa.concat_tables(row_pieces(opened(tmp_path / "a").rows, 7))
    assert found["day"].to_pylist() == [1] * 10 + [2] * 10
    frame.index = pd.RangeIndex(100, 120, 2, name="number")
    (tmp_path / "b").mkdir()
    frame.to_parquet(tmp_path / "b" / "interactions.parquet", row_group_size=4)
    found = pa.concat_tables(row_pieces(opened(tmp_path / "b").rows, 3, 1))
    assert found["number"].to_pylist() == list(range(106, 120, 2))


def test_labels_may_be_missing_in_some_rows_and_a_piece_need_not_hold_each(tmp_path):
    rows = log_of(6).append_column(
        "event", pa.array(["view", "view", "view", "buy", None, "buy"])
    )
    pq.write_table(rows, tmp_path / "interactions.parquet")
    rule = {"column": "event", "positive": ["buy"]}
    pieces = list(opened(tmp_path, label=rule).pieces(3))
    assert [each.labels.tolist() for each in pieces] == [[0, 0, 0], [1, NO_LABEL, 1]]
    assert opened(tmp_path).label is None


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
