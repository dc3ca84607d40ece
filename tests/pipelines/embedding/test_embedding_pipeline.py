"""The embedding pipeline: its nodes, its wiring and its configuration."""

import json

import numpy as np
import pyarrow as pa
import pytest
import yaml
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from paths import CONF

from mmctr.content.embedders import EmbeddingParams
from mmctr.pipelines.embedding import create_pipeline
from mmctr.pipelines.embedding.nodes import embed_item_images, embed_item_titles

BASE = CONF / "base"


@pytest.fixture
def item_feature() -> pa.Table:
    """Four items, one without a title."""
    return pa.table(
        {
            "item_id": pa.array([1, 2, 3, 4], pa.int64()),
            "title": pa.array(["red car", None, "blue car", "red boat"]),
            "tags": pa.array([[1], [], [2, 3], [1]], pa.list_(pa.int32())),
            "likes_level": pa.array([0, 1, 2, 3], pa.int8()),
            "views_level": pa.array([0, 1, 2, 3], pa.int8()),
        }
    )


@pytest.fixture
def id_mapping() -> pa.Table:
    """Their own ids."""
    return pa.table({"item_id": [1, 2, 3, 4], "original_id": ["a", "b", "c", "d"]})


@pytest.fixture
def params() -> EmbeddingParams:
    """The provider that needs no model."""
    return EmbeddingParams(provider="lsa", lsa={"dimensions": 2}, seed=1)


def test_node_keeps_the_row_order(item_feature, params):
    """Reordered items give reordered vectors."""
    vectors, report = embed_item_titles(item_feature, params)
    order = [3, 1, 0, 2]
    moved, _ = embed_item_titles(item_feature.take(order), params)
    np.testing.assert_allclose(
        moved @ moved.T, (vectors @ vectors.T)[np.ix_(order, order)], atol=1e-5
    )
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1, 1], atol=1e-6)
    assert json.loads(json.dumps(report)) == report
    assert (report["rows"], report["empty_titles"]) == (4, 1)


def test_node_names_the_missing_column(item_feature, params):
    """And the columns there are."""
    with pytest.raises(ValueError, match="no column 'title' .*item_id, tags"):
        embed_item_titles(item_feature.drop_columns("title"), params)


def test_pipeline_runs(item_feature, id_mapping, params):
    """From item_feature and the parameters to both outputs."""
    catalog = DataCatalog(
        {
            "item_feature": MemoryDataset(item_feature, copy_mode="assign"),
            "item_id_mapping": MemoryDataset(id_mapping, copy_mode="assign"),
            "given_image_vectors": MemoryDataset(np.eye(4, dtype=np.float32)),
            "params:embedding": MemoryDataset(params),
            "title_embeddings": MemoryDataset(),
            "embedding_report": MemoryDataset(),
            "image_vectors": MemoryDataset(),
            "image_embedding_report": MemoryDataset(),
        }
    )
    SequentialRunner().run(create_pipeline(), catalog)
    assert catalog.load("title_embeddings").shape == (4, 2)
    assert catalog.load("embedding_report")["provider"] == "lsa"
    np.testing.assert_array_equal(catalog.load("image_vectors"), np.eye(4))
    assert catalog.load("image_embedding_report")["provider"] == "given"


def test_image_node_reports_ready_for_json(id_mapping):
    """What the source gives goes through; without it there are no vectors."""
    none = np.zeros((4, 0), np.float32)
    vectors, report = embed_item_images(id_mapping, none, EmbeddingParams())
    assert vectors.shape == (4, 0)
    assert json.loads(json.dumps(report)) == report
    assert report["provider"] == "none"


def test_image_node_wants_a_row_for_every_item(id_mapping):
    """Files of different runs are not mixed."""
    with pytest.raises(ValueError, match="3 rows for 4 items: run the preparation"):
        embed_item_images(id_mapping, np.eye(3, dtype=np.float32), EmbeddingParams())


def test_outputs_are_in_the_catalogue():
    """Nothing the pipeline makes is left in memory."""
    entries = yaml.safe_load((BASE / "catalog" / "embedding.yml").read_text())
    assert create_pipeline().outputs() == set(entries)


def test_parameter_file_says_what_the_model_says():
    """The file shows every parameter with its default, and no other."""
    path = BASE / "parameters" / "embedding.yml"
    values = yaml.safe_load(path.read_text())["embedding"]
    assert values["seed"].startswith("${runtime_params:seed")
    assert values["device"].startswith("${runtime_params:device")
    assert values["cache"].startswith("data/02_intermediate/")
    defaults = EmbeddingParams()
    shared = {name: getattr(defaults, name) for name in ("seed", "device", "cache")}
    assert values | shared == defaults.model_dump(mode="json")
