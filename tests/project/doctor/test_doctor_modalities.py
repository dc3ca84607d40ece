"""What doctor says of the items' vectors."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmctr.content.embedders.params import EmbeddingParams
from mmctr.data.datasets import RawItemContents
from mmctr.project.doctor.findings import Level
from mmctr.project.doctor.modalities import describe_modalities


@pytest.fixture
def items(tmp_path):
    """Items with a title, a story and two columns of vectors."""
    vectors = [[0.5, 1.0], [1.0, 0.0]]
    columns = {"item_id": [1, 2], "title": ["x", "y"], "story": ["a", "b"]}
    columns |= {"sound_vector": vectors, "taste": vectors}
    pq.write_table(pa.table(columns), tmp_path / "items.parquet")
    return RawItemContents(path=str(tmp_path), file="items.parquet")


def described(items, **embedding):
    return describe_modalities(items.load, EmbeddingParams(provider="lsa", **embedding))


def test_every_modality_and_what_it_is_made_of_is_shown(items):
    found = described(items)
    assert found.level is Level.OK
    assert found.text.splitlines() == [
        "title text of the column title, embedded by lsa",
        "image none: the items have no column image_vector",
        "sound vectors of the column sound_vector",
    ]
    named = {"plot": {"column": "story"}, "tang": {"column": "taste"}}
    named["smell"] = {"path": "smell.npy", "provider": "precomputed"}
    lines = described(
        items, modalities=named, precomputed={"path": "all.npy"}
    ).text.splitlines()
    assert lines[:3] == [
        "plot  text of the column story, embedded by lsa",
        "tang  vectors of the column taste",
        "smell vectors of the file smell.npy",
    ]
    covers = described(items, images={"path": "covers"}).text
    assert "image the covers in covers" in covers


def test_items_without_titles_show_columns_that_may_be_them(tmp_path):
    columns = {"item_id": [1, 2], "name": ["x", "y"], "price": [1.0, 2.0]}
    pq.write_table(pa.table(columns), tmp_path / "items.parquet")
    items = RawItemContents(path=str(tmp_path), file="items.parquet")
    found = described(items).text
    assert "is it name? --params preparation.reading.columns.title=name" in found


def test_a_column_that_is_not_there_is_an_error(items, tmp_path):
    found = described(items, modalities={"plot": {"column": "stori"}})
    assert found.level is Level.ERROR
    assert "embedding.modalities.plot.column" in found.remedy
    (tmp_path / "items.parquet").unlink()
    found = described(items)
    assert found.level is Level.WARNING
    assert "items.parquet" in found.text
