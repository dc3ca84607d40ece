"""Tables with list columns come back as they were; damaged files are named."""

import json
import weakref

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kedro.io.core import DatasetError

from mmctr.data.datasets import ArrowDataset, AtomicDataset, TablePieces

TABLE = pa.table(
    {
        "user_id": pa.array(["a", None, "c"]),
        "item_seq": pa.array([[1, 2], [], list(range(20))], pa.list_(pa.int32())),
        "label": pa.nulls(3, pa.int8()),
    }
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "a.parquet"


@pytest.fixture
def dataset(path):
    return ArrowDataset(filepath=str(path))


@pytest.mark.parametrize("table", [TABLE, TABLE.slice(0, 0)])
def test_round_trip(dataset, table):
    dataset.save(table)
    assert dataset.load().equals(table)
    assert dataset.load().schema == table.schema


def test_a_table_of_several_chunks_is_equal_in_bytes_for_equal_saves(dataset, path):
    table = pa.concat_tables([TABLE, TABLE])
    dataset.save(table)
    first = path.read_bytes()
    dataset.save(table)
    assert path.read_bytes() == first
    assert dataset.load().equals(table)


def test_a_file_cut_short_is_named(dataset, path):
    dataset.save(TABLE)
    whole = path.read_bytes()
    for content in (b"", whole[: len(whole) // 2], whole[:-1], b"x" * 100):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match="not a whole parquet file") as error:
            dataset.load()
        assert str(path) in str(error.value)
        assert isinstance(error.value.__cause__, ValueError)


def test_a_file_damaged_in_the_middle_is_named(dataset, path):
    dataset.save(pa.table({"a": list(range(10_000))}))
    damaged = bytearray(path.read_bytes())
    damaged[100:400] = b"\xff" * 300
    path.write_bytes(bytes(damaged))
    with pytest.raises(DatasetError, match="not a whole parquet file"):
        dataset.load()


def test_a_missing_file_is_not_called_damaged(dataset, path):
    assert not dataset.exists()
    with pytest.raises(DatasetError) as error:
        dataset.load()
    assert isinstance(error.value.__cause__, FileNotFoundError)
    assert str(path) in str(error.value)


def test_only_tables_are_saved(dataset):
    with pytest.raises(DatasetError, match="expected a table"):
        dataset.save({"a": [1]})
    assert not dataset.exists()


def test_the_preview_is_short_and_ready_for_json(dataset):
    dataset.save(pa.concat_tables([TABLE] * 4))
    preview = json.loads(json.dumps(dataset.preview(rows=3)))
    assert preview["columns"] == ["user_id", "item_seq", "label"]
    assert preview["index"] == [0, 1, 2]
    assert preview["data"][0] == ["a", [1, 2], None]
    assert preview["data"][2][1] == [*range(8), "..."]


def test_the_preview_has_nothing_where_a_number_is_not_finite(dataset):
    dataset.save(pa.table({"a.b": [0.5, float("nan"), float("inf")]}))
    preview = json.loads(json.dumps(dataset.preview(), allow_nan=False))
    assert preview["data"] == [[0.5], [None], [None]]


def test_the_preview_of_an_empty_table_has_columns_only(dataset):
    dataset.save(TABLE.slice(0, 0))
    assert dataset.preview() == {
        "index": [],
        "columns": ["user_id", "item_seq", "label"],
        "data": [],
    }


def test_the_description_holds_the_path(dataset):
    assert "a.parquet" in repr(dataset)


def _numbers(rows):
    return pa.table({"number": pa.array(range(rows.start, rows.stop), pa.int32())})


def test_lists_that_rows_share_are_compressed_as_what_they_are(dataset, path):
    rng = np.random.default_rng(1)
    items = rng.integers(0, 10**6, 20_000, dtype=np.int32)
    starts = np.repeat(rng.integers(0, 19_000, 1_000), 4)
    table = pa.table({"item_seq": [items[x : x + 60] for x in starts.tolist()]})
    dataset.save(table)
    assert dataset.load().equals(table)
    assert path.stat().st_size < 4_000 * 60 * 4 / 3


def test_pieces_become_row_groups_of_one_file(dataset, path):
    pieces = TablePieces(length=10, step=4, table_of=_numbers)
    dataset.save(pieces)
    file = pq.ParquetFile(path)
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    assert sizes == [4, 4, 2]
    assert dataset.load().equals(pa.concat_tables(pieces))
    assert dataset.load()["number"].to_pylist() == list(range(10))


def test_no_pieces_are_a_table_without_rows(dataset):
    dataset.save(TablePieces(length=0, step=4, table_of=_numbers))
    assert dataset.load().schema == _numbers(slice(0, 0)).schema
    assert dataset.load().num_rows == 0


def test_a_piece_is_given_up_before_many_more_are_made(dataset):
    """Bounded memory: pieces do not pile up until the end of the file."""
    born, alive_at_once = [], []

    def table_of(rows):
        table = pa.table({"x": pa.array(bytes(1 << 20) for _ in range(2))})
        born.append(weakref.ref(table))
        alive_at_once.append(sum(each() is not None for each in born))
        return table

    dataset.save(TablePieces(length=12, step=1, table_of=table_of))
    assert len(born) == 13
    assert max(alive_at_once) <= 3


def test_a_piece_that_fails_leaves_the_file_as_it_was(tmp_path):
    def table_of(rows):
        if rows.start >= 4:
            raise MemoryError("no more")
        return _numbers(rows)

    path = tmp_path / "a.parquet"
    kind = "mmctr.data.datasets.ArrowDataset"
    dataset = AtomicDataset(dataset=kind, filepath=str(path))
    dataset.save(TABLE)
    with pytest.raises(DatasetError, match="no more"):
        dataset.save(TablePieces(length=10, step=4, table_of=table_of))
    assert dataset.load().equals(TABLE)
    assert list(tmp_path.iterdir()) == [path]
