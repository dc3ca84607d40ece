"""The embedding pipeline: its nodes, its wiring and its configuration."""

import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
import yaml
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from paths import CONF

from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.vectors import ModalityParams
from mmctr.data.datasets import BundleFolder, ItemContents
from mmctr.pipelines.embedding import create_pipeline
from mmctr.pipelines.embedding.nodes import embed_items
from mmctr.runtime.scale.params import ScaleParams

BASE = CONF / "base"


@pytest.fixture
def items() -> pa.Table:
    """Four items, one without a title."""
    return pa.table(
        {
            "item_id": pa.array([1, 2, 3, 4], pa.int64()),
            "title": pa.array(["red car", None, "blue car", "red boat"]),
            "views_level": pa.array([0, 1, 2, 3], pa.int8()),
        }
    )


@pytest.fixture
def id_mapping() -> pa.Table:
    """Their own ids."""
    return pa.table({"item_id": [1, 2, 3, 4], "original_id": ["a", "b", "c", "d"]})


@dataclass
class Columns:
    """A source's columns, in memory."""

    table: pa.Table

    def read_texts(self, name: str) -> list[str]:
        return [text or "" for text in self.table[name].to_pylist()]

    def read_vectors(self, name: str, item_ids: list[str]) -> np.ndarray:
        return np.array(self.table[name].to_pylist(), np.float32)


def contents_of(ids: str = "abcd", **columns: object) -> ItemContents:
    """What the source gives for these items."""
    table = pa.table(columns)
    types = {field.name: field.type for field in table.schema}
    return ItemContents(list(ids), types, Columns(table))


@pytest.fixture
def params() -> EmbeddingParams:
    """The provider that needs no model."""
    return EmbeddingParams(provider="lsa", lsa={"dimensions": 2}, seed=1)


def test_node_keeps_the_row_order(items, id_mapping, params):
    """Reordered items give reordered vectors."""
    stored, centers, reports = embed_items(items, id_mapping, contents_of(), params)
    vectors = stored["title"][1:]
    assert not stored["title"][0].any()
    assert not centers["title"].any()
    order = [3, 1, 0, 2]
    moved, *_ = embed_items(items.take(order), id_mapping, contents_of(), params)
    np.testing.assert_allclose(
        moved["title"][1:] @ moved["title"][1:].T,
        (vectors @ vectors.T)[np.ix_(order, order)],
        atol=1e-5,
    )
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1, 1], atol=1e-6)
    assert json.loads(json.dumps(reports)) == reports
    report = reports["title"]
    assert (report["rows"], report["empty_titles"]) == (4, 1)


def test_pipeline_runs(items, id_mapping, params):
    """From items and the parameters to all outputs."""
    contents = contents_of(image_vector=np.eye(4).tolist())
    catalog = DataCatalog(
        {
            "items": MemoryDataset(items, copy_mode="assign"),
            "item_id_mapping": MemoryDataset(id_mapping, copy_mode="assign"),
            "item_contents": MemoryDataset(contents, copy_mode="assign"),
            "params:embedding": MemoryDataset(params),
            "start_bundle": BundleFolder(optional=True),
            "params:scale": MemoryDataset(ScaleParams()),
            "vectors": MemoryDataset(),
            "vector_centers": MemoryDataset(),
            "embedding_report": MemoryDataset(),
        }
    )
    SequentialRunner().run(create_pipeline(), catalog)
    vectors, reports = catalog.load("vectors"), catalog.load("embedding_report")
    assert list(vectors) == list(reports) == ["title", "image"]
    assert vectors["title"].shape == (5, 2)
    assert reports["title"]["provider"] == "lsa"
    np.testing.assert_array_equal(vectors["image"][1:], np.eye(4))
    assert reports["image"]["provider"] == "given"


def test_a_modality_that_the_items_lack_has_no_column_and_is_told(
    items, id_mapping, params, caplog
):
    caplog.set_level("INFO")
    untitled = items.set_column(
        1, "title", pa.array([None, "", " ", None], pa.string())
    )
    vectors, centers, reports = embed_items(untitled, id_mapping, contents_of(), params)
    assert {name: own.shape for name, own in vectors.items()} == {
        "title": (5, 0),
        "image": (5, 0),
    }
    assert centers["image"].shape == (0,)
    assert {each["provider"] for each in reports.values()} == {"none"}
    assert "no item has a text in column title" in caplog.text
    assert "the items have no column image_vector" in caplog.text


def test_columns_of_any_name_and_type_become_modalities(items, id_mapping, params):
    """Named text, named vectors, and a column that ends in _vector."""
    contents = contents_of(
        tag=["red", "blue", "red", "boat"],
        sound=[[1.0, 0.0]] * 4,
        video_vector=np.eye(4)[:, :3].tolist(),
        price=[1.0, 2.0, 3.0, 4.0],
    )
    more = {
        "tag": ModalityParams(column="tag", center=True),
        "noise": ModalityParams(column="sound", l2_normalize=False),
    }
    params = params.model_copy(update={"modalities": params.modalities | more})
    vectors, centers, reports = embed_items(items, id_mapping, contents, params)
    assert list(vectors) == ["title", "image", "tag", "noise", "video"]
    assert vectors["tag"].shape[1] > 0
    np.testing.assert_array_equal(vectors["tag"][1], vectors["tag"][3])
    np.testing.assert_array_equal(vectors["noise"][1:], [[1, 0]] * 4)
    np.testing.assert_array_equal(vectors["video"][1:], np.eye(4)[:, :3])
    assert centers["tag"].any()
    assert not centers["title"].any()
    providers = {name: each["provider"] for name, each in reports.items()}
    assert (providers["tag"], providers["video"]) == ("lsa", "given")


def test_a_modality_is_left_out_by_null(items, id_mapping, params):
    contents = contents_of(video_vector=np.eye(4).tolist())
    none = {"title": None, "video": None}
    params = params.model_copy(update={"modalities": params.modalities | none})
    vectors, *_ = embed_items(items, id_mapping, contents, params)
    assert list(vectors) == ["image"]


def test_ready_vectors_come_from_a_file_per_modality(
    items, id_mapping, params, tmp_path
):
    made = np.arange(1.0, 13.0, dtype=np.float32).reshape(4, 3)
    np.save(tmp_path / "made.npy", made)
    own = ModalityParams(path=tmp_path / "made.npy", l2_normalize=False)
    params = params.model_copy(update={"modalities": {"made": own}})
    vectors, _, reports = embed_items(items, id_mapping, contents_of(), params)
    unit = made / np.linalg.norm(made, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors["made"][1:], unit, atol=1e-6)
    assert reports["made"]["provider"] == "precomputed"


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("tagg", r"no column tagg \(did you mean 'tag'\?\); they have tag, price"),
        ("price", "column price is double; expected text, or vectors"),
    ],
)
def test_a_column_that_is_no_modality_is_named(
    items, id_mapping, params, column, words
):
    contents = contents_of(tag=["x"] * 4, price=[1.0] * 4)
    named = {"tag": ModalityParams(column=column)}
    params = params.model_copy(update={"modalities": named})
    with pytest.raises(ValueError, match=words):
        embed_items(items, id_mapping, contents, params)


@pytest.mark.parametrize("item_ids", ["abc", "bacd"])
def test_vectors_of_other_items_are_refused(items, id_mapping, params, item_ids):
    """Also where they are as many: files of different runs are not mixed."""
    with pytest.raises(ValueError, match="the source's items are not those of"):
        embed_items(items, id_mapping, contents_of(item_ids), params)


def test_outputs_are_in_the_catalog():
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
