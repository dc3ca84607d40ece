"""Tables that are read from temporary files give what tables in memory give."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kedro.io import DatasetError
from pandas.testing import assert_frame_equal
from worlds import N_ITEMS, ctr_params, random_table, rows_table, with_levels
from worlds import with_statistics as add_statistics

from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.data.datasets import ArrowDataset, unpacked_table
from mmctr.runtime import scratch


@pytest.fixture
def small(monkeypatch):
    """Every array that is not empty lies in a file, and is made by few rows."""
    monkeypatch.setattr(scratch, "AT_ONCE", 50)
    monkeypatch.setattr(scratch, "LARGE", 1)
    make = scratch.scratch_array

    def in_a_file(shape, dtype, large=1):
        return make(shape, dtype, large)

    monkeypatch.setattr(scratch, "scratch_array", in_a_file)
    monkeypatch.setattr(unpacked_table, "_IN_FILE", 1)


def written(folder, table: pa.Table, rows: int = 60) -> str:
    """A file of several row groups."""
    path = str(folder / "rows.parquet")
    pq.write_table(table, path, row_group_size=rows, write_page_checksum=True)
    return path


def primary(rng: np.random.Generator, rows: int) -> pa.Table:
    """Rows with levels, statistics, times that are missing, and users of text."""
    table = add_statistics(rng, with_levels(rng, rows_table(rng, rows)))
    users = pa.array([f"user {x // 4}" for x in range(rows)])
    table = table.set_column(0, "user_id", users)
    missing = pa.nulls(rows, pa.int64())
    some = pa.array(range(rows), mask=rng.random(rows) < 0.3)
    return table.append_column("timestamp", some).append_column("as_of", missing)


def test_a_mapped_table_equals_the_one_in_memory(tmp_path, small):
    table = primary(np.random.default_rng(0), 200)
    path = written(tmp_path, table)
    mapped = ArrowDataset(filepath=path, mapped_over_gb=0).load()
    assert_frame_equal(mapped.to_pandas(), table.to_pandas())
    in_memory = ArrowDataset(filepath=path).load()
    assert mapped.schema.equals(in_memory.schema, check_metadata=True)
    assert mapped["item_seq"].num_chunks == mapped["item_id"].num_chunks == 1
    cut = mapped.slice(70, 9)
    assert cut.to_pylist() == table.slice(70, 9).to_pylist()


def test_lists_of_very_many_values_are_large_lists(tmp_path, small, monkeypatch):
    monkeypatch.setattr(unpacked_table, "_MOST_OFFSETS", 100)
    table = primary(np.random.default_rng(1), 200)
    path = written(tmp_path, table)
    mapped = ArrowDataset(filepath=path, mapped_over_gb=0).load()
    assert pa.types.is_large_list(mapped.schema.field("item_seq").type)
    assert mapped["item_seq"].to_pylist() == table["item_seq"].to_pylist()


def test_tables_are_joined_in_files_as_in_memory(tmp_path, small, monkeypatch):
    """Also where the lists of one are large, and those of the other are not."""
    rng = np.random.default_rng(4)
    tables = [primary(rng, 200), primary(rng, 30), primary(rng, 9).slice(9)]
    joined = unpacked_table.joined_table(tables, 0)
    expected = pa.concat_tables(tables)
    assert joined.schema.equals(expected.schema, check_metadata=True)
    assert joined.to_pylist() == expected.to_pylist()
    assert joined["item_seq"].num_chunks == joined["item_id"].num_chunks == 1
    assert unpacked_table.joined_table(tables, 1).equals(expected)
    monkeypatch.setattr(unpacked_table, "_MOST_OFFSETS", 100)
    path = written(tmp_path, tables[0])
    mapped = ArrowDataset(filepath=path, mapped_over_gb=0).load()
    again = unpacked_table.joined_table([mapped, tables[1]], 0)
    assert again.to_pylist() == joined.to_pylist()


def test_lists_with_empty_values_and_empty_tables_are_read_too(tmp_path, small):
    odd = pa.table({"tags": pa.array([[1, None], None, [], [2]] * 30)})
    for table in (odd, odd.slice(0, 0)):
        path = written(tmp_path, table)
        assert ArrowDataset(filepath=path, mapped_over_gb=-1).load().equals(table)


def test_a_damaged_file_is_refused(tmp_path, small):
    path = tmp_path / written(tmp_path, primary(np.random.default_rng(2), 200))
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 255
    path.write_bytes(data)
    with pytest.raises(DatasetError, match="not a whole parquet file"):
        ArrowDataset(filepath=str(path), mapped_over_gb=0).load()


@pytest.mark.parametrize("max_history", [4, 100])
def test_a_training_on_mapped_files_gives_the_same_weights(
    tmp_path, small, max_history
):
    rng = np.random.default_rng(3)
    items = random_table(rng)
    path = written(tmp_path, primary(rng, 300))
    trained, logs = [], []
    for dataset in (
        ArrowDataset(filepath=path),
        ArrowDataset(filepath=path, mapped_over_gb=0),
    ):
        log = ClickLog.from_arrow(
            dataset.load(),
            max_history,
            N_ITEMS,
            statistics=["popularity"],
            fields="all",
            crosses=["row_likes*row_views"],
        )
        logs.append(log)
        params = ctr_params(
            features={"statistics": ["popularity"], "item_id_min_rows": 5},
            training={"max_epochs": 1, "batch_size": 64, "weight_average": 0.9},
        )
        groups = np.arange(len(log)) // 4
        trained.append(train_ctr_model(items, log, log, groups, params))
    for own, mapped in zip(logs[0][:40], logs[1][:40], strict=True):
        assert own.dtype == mapped.dtype and own.equal(mapped) or own.isnan().any()
    one, two = (each.weights for each in trained)
    assert one.keys() == two.keys()
    assert all(one[name].equal(two[name]) for name in one)
