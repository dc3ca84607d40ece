"""Columns of items come from the source's file, as the source itself reads them."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kedro.io.core import DatasetError
from raw_files import write_challenge, write_log

from mmctr.data.datasets import (
    ChallengeFiles,
    ItemContents,
    LogItemContents,
    RawItemContents,
)


def contents_of(folder, file="items.parquet", **names: str) -> ItemContents:
    return RawItemContents(path=str(folder), file=file, names=names).load()


def test_they_are_those_of_the_source_in_the_items_order(tmp_path):
    source = ChallengeFiles(path=str(write_challenge(tmp_path))).load()
    file = "MicroLens_1M_MMCTR/item_feature.parquet"
    found = contents_of(tmp_path, file, image_vector="img_emb_CLIPRN50")
    vectors = found.vectors("image_vector")
    assert found.item_ids == list(range(1, len(vectors) + 1))
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, source.image_vectors)
    assert "img_emb_CLIPRN50" not in found.types


def test_types_tell_text_from_vectors(tmp_path):
    columns = {
        "item_id": ["a", "b", "c"],
        "genre": pa.array(["x", None, "x"]).dictionary_encode(),
        "words": [["one", "two"], [], None],
        "video_vector": [[1.0, 2.0]] * 3,
        "price": [1.5, 2.5, 3.5],
    }
    write_log(tmp_path, items=columns)
    found = contents_of(tmp_path)
    assert found.item_ids == ["a", "b", "c"]
    assert [x for x in columns if found.is_text(x)] == ["item_id", "genre", "words"]
    assert [x for x in columns if found.is_vectors(x)] == ["video_vector"]
    assert found.texts("genre") == ["x", "", "x"]
    assert found.texts("words") == ["one, two", "", ""]
    np.testing.assert_array_equal(found.vectors("video_vector"), [[1, 2]] * 3)


def test_a_broken_vector_is_named_with_its_item(tmp_path):
    write_log(tmp_path, items={"image_vector": [[1.0], [np.nan], [2.0]]})
    found = contents_of(tmp_path)
    with pytest.raises(ValueError, match=r"items.parquet: .*rows \[1\] \(item_id"):
        found.vectors("image_vector")


def test_a_missing_file_is_named_and_nothing_is_written(tmp_path):
    dataset = RawItemContents(path=str(tmp_path), file="items.parquet")
    with pytest.raises(DatasetError, match=r"items\.parquet is missing"):
        dataset.load()
    with pytest.raises(DatasetError, match="only read"):
        dataset.save(np.zeros((1, 1)))


def test_further_tables_have_more_columns_by_the_items_ids(tmp_path):
    write_log(tmp_path, items={"item_id": [30, 10, 20], "title": ["a", "b", "c"]})
    more = {
        "item_id": [0, 10, 30],
        "title": ["-", "another", "another"],
        "kind": [None, "x", "y"],
        "fused": pa.array([[0.0, 0.0], None, [1.0, 2.0]]),
    }
    pq.write_table(pa.table(more), tmp_path / "more.parquet")
    found = RawItemContents(
        path=str(tmp_path), file="items.parquet", further=["more.parquet", "none"]
    ).load()
    assert found.item_ids == [30, 10, 20]
    assert found.texts("title") == ["a", "b", "c"]
    assert found.texts("kind") == ["y", "x", ""]
    assert found.is_vectors("fused")
    np.testing.assert_array_equal(found.vectors("fused"), [[1, 2], [0, 0], [0, 0]])


def test_a_further_table_names_an_item_once_and_is_whole(tmp_path):
    write_log(tmp_path)
    path = tmp_path / "more.parquet"
    pq.write_table(pa.table({"item_id": [10, 10], "fused": [[1.0], [2.0]]}), path)
    dataset = RawItemContents(
        path=str(tmp_path), file="items.parquet", further=[path.name]
    )
    with pytest.raises(ValueError, match=r"more\.parquet: column 'item_id' has repeat"):
        dataset.load().vectors("fused")
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(DatasetError, match=r"more\.parquet"):
        dataset.load()


def test_a_further_table_of_other_ids_is_refused_and_one_without_ids_is_named(
    tmp_path, caplog
):
    write_log(tmp_path)
    path = tmp_path / "more.parquet"
    dataset = RawItemContents(
        path=str(tmp_path), file="items.parquet", further=[path.name]
    )
    pq.write_table(pa.table({"item_id": ["a"], "fused": [[1.0]]}), path)
    with pytest.raises(ValueError, match=r"more\.parquet: column 'item_id' has none"):
        dataset.load().vectors("fused")
    assert not caplog.records
    pq.write_table(pa.table({"item": [10], "fused": [[1.0]]}), path)
    assert "fused" not in dataset.load().types
    assert "more.parquet: has no column 'item_id'" in caplog.text


def test_a_log_gives_them_whatever_the_form_of_its_files(tmp_path):
    columns = {
        "item_id": ["a", "b", "c"],
        "genre": ["x", None, "x"],
        "video_vector": [[1.0, 2.0], None, [3.0, 4.0]],
    }
    write_log(tmp_path, items=columns)
    named = {"columns": {"kind": "genre"}}
    found = LogItemContents(path=str(tmp_path), reading=named).load()
    assert found.item_ids == ["a", "b", "c"]
    assert found.is_text("kind")
    assert found.texts("kind") == ["x", "", "x"]
    np.testing.assert_array_equal(
        found.vectors("video_vector"), [[1, 2], [0, 0], [3, 4]]
    )
