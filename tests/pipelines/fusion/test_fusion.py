"""Items and their codes in one table."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from mmctr.pipelines.fusion import create_pipeline
from mmctr.pipelines.fusion.nodes import build_item_table


def items_of(count: int) -> pa.Table:
    rng = np.random.default_rng(0)
    tags = [rng.integers(4, 9, size=row % 4).tolist() for row in range(count)]
    table = pa.table(
        {
            "item_id": pa.array(range(1, count + 1), pa.int64()),
            "title": [""] * count,
            "field_tags": pa.array(tags, pa.list_(pa.int32())),
            "field_price": pa.array([4 + row % 5 for row in range(count)], pa.int32()),
            "value_price": pa.array(np.arange(count), pa.float32()),
        }
    )
    price = table.schema.field("field_price").with_metadata({"size": "9"})
    return table.set_column(3, price, table["field_price"])


def codes_of(count: int, positions: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(1, 9, size=(count, positions)).astype(np.int32)


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 30), positions=st.integers(1, 4), chunks=st.integers(1, 3))
def test_row_i_of_the_item_table_is_item_i(count, positions, chunks):
    items = items_of(count)
    size = -(-count // chunks)
    items = pa.concat_tables(
        [items.slice(start, size) for start in range(0, count, size)]
    )
    title, image = codes_of(count, positions), codes_of(count, 2, seed=1)
    table = build_item_table(items, {"title": title, "image": image})
    assert table.schema == pa.schema(
        {
            "item_id": pa.int32(),
            "title_codes": pa.list_(pa.int32()),
            "image_codes": pa.list_(pa.int32()),
            "field_tags": pa.list_(pa.int32()),
            "field_price": pa.int32(),
            "value_price": pa.float32(),
        }
    )
    assert table.schema.field("field_price").metadata == {b"size": b"9"}
    assert table.slice(0, 1).to_pylist() == [
        {
            "item_id": 0,
            "title_codes": [0] * positions,
            "image_codes": [0, 0],
            "field_tags": [],
            "field_price": 0,
            "value_price": 0,
        }
    ]
    rows = table.slice(1)
    assert rows["item_id"].to_pylist() == items["item_id"].to_pylist()
    for name in ("field_tags", "field_price", "value_price"):
        assert rows[name].to_pylist() == items[name].to_pylist()
    assert rows["title_codes"].to_pylist() == title.tolist()
    assert rows["image_codes"].to_pylist() == image.tolist()


def test_an_absent_modality_is_a_column_of_empty_lists():
    table = build_item_table(
        items_of(10), {"title": codes_of(10, 2), "image": codes_of(10, 0)}
    )
    assert table["image_codes"].to_pylist() == [[]] * 11


def test_codes_that_do_not_fit_are_named():
    items = items_of(3)
    with pytest.raises(ValueError, match=r"image_codes has shape \[2, 2\] for 3 items"):
        build_item_table(items, {"title": codes_of(3, 2), "image": codes_of(2, 2)})
    codes = codes_of(3, 2)
    codes[1, 1] = 0
    with pytest.raises(ValueError, match="title_codes holds codes under 1 in row 1"):
        build_item_table(items, {"title": codes, "image": codes_of(3, 2)})


def test_pipeline_runs_from_catalog_to_catalog():
    catalog = DataCatalog(
        {
            "items": MemoryDataset(items_of(5), copy_mode="assign"),
            "codes": MemoryDataset({"title": codes_of(5, 3), "tag": codes_of(5, 1)}),
            "item_table": MemoryDataset(copy_mode="assign"),
        }
    )
    SequentialRunner().run(create_pipeline(), catalog)
    table = catalog.load("item_table")
    assert table.num_rows == 6
    assert table.column_names[1:3] == ["title_codes", "tag_codes"]
