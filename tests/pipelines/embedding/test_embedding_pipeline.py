"""The embedding pipeline: its nodes, its wiring and its configuration."""

import json

import numpy as np
import pyarrow as pa
import pytest
import yaml
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from paths import CONF

from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.vectors import VectorParams
from mmctr.data.datasets import GivenVectors
from mmctr.pipelines.embedding import create_pipeline
from mmctr.pipelines.embedding.nodes import embed_item_images, embed_item_titles

BASE = CONF / "base"


@pytest.fixture
def items() -> pa.Table:
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


def of_source(vectors: np.ndarray) -> GivenVectors:
    """What the source gives for these items."""
    return GivenVectors(["a", "b", "c", "d"], vectors.astype(np.float32))


@pytest.fixture
def params() -> EmbeddingParams:
    """The provider that needs no model."""
    return EmbeddingParams(provider="lsa", lsa={"dimensions": 2}, seed=1)


def test_node_keeps_the_row_order(items, params):
    """Reordered items give reordered vectors."""
    stored, center, report = embed_item_titles(items, params)
    vectors = stored[1:]
    assert not stored[0].any()
    assert not center.any()
    order = [3, 1, 0, 2]
    moved = embed_item_titles(items.take(order), params)[0][1:]
    np.testing.assert_allclose(
        moved @ moved.T, (vectors @ vectors.T)[np.ix_(order, order)], atol=1e-5
    )
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1, 1], atol=1e-6)
    assert json.loads(json.dumps(report)) == report
    assert (report["rows"], report["empty_titles"]) == (4, 1)


def test_node_names_the_missing_column(items, params):
    """And the columns there are."""
    with pytest.raises(ValueError, match="no column 'title' .*item_id, tags"):
        embed_item_titles(items.drop_columns("title"), params)


def test_pipeline_runs(items, id_mapping, params):
    """From items and the parameters to both outputs."""
    catalog = DataCatalog(
        {
            "items": MemoryDataset(items, copy_mode="assign"),
            "item_id_mapping": MemoryDataset(id_mapping, copy_mode="assign"),
            "given_image_vectors": MemoryDataset(of_source(np.eye(4))),
            "params:embedding": MemoryDataset(params),
            "title_vectors": MemoryDataset(),
            "title_center": MemoryDataset(),
            "embedding_report": MemoryDataset(),
            "image_vectors": MemoryDataset(),
            "image_center": MemoryDataset(),
            "image_embedding_report": MemoryDataset(),
        }
    )
    SequentialRunner().run(create_pipeline(), catalog)
    assert catalog.load("title_vectors").shape == (5, 2)
    assert catalog.load("embedding_report")["provider"] == "lsa"
    np.testing.assert_array_equal(catalog.load("image_vectors")[1:], np.eye(4))
    assert catalog.load("image_embedding_report")["provider"] == "given"


def test_image_node_reports_ready_for_json(id_mapping):
    """Where the source gives none, there are no vectors."""
    none = of_source(np.zeros((4, 0)))
    vectors, _, report = embed_item_images(
        id_mapping, none, np.zeros(2), EmbeddingParams()
    )
    assert vectors.shape == (5, 0)
    assert json.loads(json.dumps(report)) == report
    assert report["provider"] == "none"


def test_modalities_are_normalised_by_their_own_parameters(items, id_mapping):
    given = np.full((4, 3), 2, np.float32)
    params = EmbeddingParams(
        provider="lsa",
        lsa={"dimensions": 2},
        vectors={"title": {"center": True}, "image": {"l2_normalize": False}},
    )
    titles, center, _ = embed_item_titles(items, params)
    images, none, _ = embed_item_images(id_mapping, of_source(given), center, params)
    assert center.any()
    assert not none.any()
    np.testing.assert_array_equal(images[1:], given)
    plain = embed_item_titles(
        items, params.model_copy(update={"vectors": VectorParams()})
    )
    assert not np.allclose(titles, plain[0])


@pytest.mark.parametrize("item_ids", [["a", "b", "c"], ["b", "a", "c", "d"]])
def test_vectors_of_other_items_are_refused(id_mapping, item_ids):
    """Also where they are as many: files of different runs are not mixed."""
    given = GivenVectors(item_ids, np.eye(len(item_ids), dtype=np.float32))
    with pytest.raises(ValueError, match="the source's items are not those of"):
        embed_item_images(id_mapping, given, np.zeros(2), EmbeddingParams())


def test_outputs_are_in_the_catalogue():
    """Nothing the pipeline makes is left in memory."""
    entries = yaml.safe_load((BASE / "catalog" / "embedding.yml").read_text())
    assert create_pipeline().all_outputs() == set(entries)


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
