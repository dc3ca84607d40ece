"""Tables with list columns come back as they were; damaged files are named."""

import json

import pyarrow as pa
import pytest
from kedro.io.core import DatasetError

from mmctr.datasets import ArrowDataset

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
    with pytest.raises(DatasetError, match="a table is wanted"):
        dataset.save({"a": [1]})
    assert not dataset.exists()


def test_the_preview_is_short_and_ready_for_json(dataset):
    dataset.save(pa.concat_tables([TABLE] * 4))
    preview = json.loads(json.dumps(dataset.preview(rows=3)))
    assert preview["columns"] == ["user_id", "item_seq", "label"]
    assert preview["index"] == [0, 1, 2]
    assert preview["data"][0] == ["a", [1, 2], None]
    assert preview["data"][2][1] == [*range(8), "..."]


def test_the_preview_of_an_empty_table_has_columns_only(dataset):
    dataset.save(TABLE.slice(0, 0))
    assert dataset.preview() == {
        "index": [],
        "columns": ["user_id", "item_seq", "label"],
        "data": [],
    }


def test_the_description_holds_the_path(dataset):
    assert "a.parquet" in repr(dataset)
