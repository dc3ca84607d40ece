"""Vectors to codes and what is reported of them."""

import json
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pyarrow as pa
import pytest
from kedro.io import DataCatalog
from kedro.runner import SequentialRunner
from vector_worlds import Vectors, cold, params, quantized, vectors_of

from mmctr.content.quantizers.factory import load_quantizer
from mmctr.content.quantizers.item_codes import find_cold_items, quantize_items
from mmctr.content.quantizers.methods import METHODS
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.data.datasets import BundleFolder
from mmctr.pipelines.quantization import create_pipeline
from mmctr.runtime.scale.params import ScaleParams


def items_of(count: int) -> pa.Table:
    titles = [f"title {number}" for number in range(count)]
    return pa.table({"item_id": range(1, count + 1), "title": titles})


@pytest.mark.parametrize("method", list(METHODS))
def test_titles_become_codes_that_the_saved_quantizer_repeats(method):
    both = vectors_of(60, image_width=6)
    codes, weights, settings_, codebook = quantized(
        "title", both, cold(60), params(method)
    )
    vectors = both["title"][1:]
    quantizer = load_quantizer(json.loads(json.dumps(settings_)), weights)
    np.testing.assert_array_equal(quantizer.encode(vectors), codes)
    assert codes.dtype == np.int32
    assert codes.min() >= 1
    assert codebook["positions"] == codes.shape[1] == quantizer.positions
    error = np.square(quantizer.decode(codes) - vectors).sum()
    spread = np.square(vectors - vectors.mean(axis=0)).sum()
    assert codebook["r2"] == pytest.approx(1 - error / spread, abs=1e-5)


def test_images_have_their_own_codes():
    both = vectors_of(60)
    codes, _, settings_, _ = quantized("image", both, cold(60), params())
    assert settings_["width"] == 5
    titles = quantized("title", both, cold(60), params())[0]
    assert not np.array_equal(codes, titles)


def test_an_absent_modality_is_zero_wide_and_null_in_the_report():
    both = vectors_of(10, image_width=0)
    codes, weights, settings_, codebook = quantized("image", both, cold(10), params())
    assert codes.shape == (10, 0)
    assert codes.dtype == np.int32
    assert {name: tensor.numel() for name, tensor in weights.items()} == {"absent": 0}
    assert settings_ == {"method": None}
    title = quantized("title", both, cold(10), params())[3]
    report = {"title": title, "image": codebook}
    assert report["image"] is None
    assert {"r2", "cosine", "usage", "perplexity", "dead_codes", "recall_at_10"} <= set(
        report["title"]
    )
    json.dumps(report, allow_nan=False)


def test_a_width_that_pq_cannot_cut_is_named_with_its_modality():
    with pytest.raises(ValueError, match=r"image vectors: .*width 5 .* 3 equal slices"):
        quantized("image", vectors_of(10), cold(10), params("pq"))


def test_vectors_that_are_not_finite_are_named_with_their_modality():
    both = vectors_of(10)
    both["image"][7, 0] = np.nan
    with pytest.raises(ValueError, match=r"image vectors: .*first \[6\]"):
        quantized("image", both, cold(10), params())


def with_equal_images(count: int) -> Vectors:
    """Nine of ten items get one image vector."""
    both = vectors_of(count)
    both["image"][1:][np.arange(count) % 10 > 0] = both["image"][1]
    return both


STRICT = {"health": {"min_perplexity_share": 0.2}}


def test_a_collapsed_codebook_is_named_with_its_modality():
    both = vectors_of(400)
    _, _, _, title = quantized("title", both, cold(400), params(**STRICT))
    assert title["perplexity"] > 1 + 0.2 * 7
    with pytest.raises(ValueError, match="image vectors: rq_kmeans collapsed: level"):
        quantize_items(with_equal_images(400), cold(400), params(**STRICT))
    accepted = quantized("image", with_equal_images(400), cold(400), params())
    assert accepted[3]["levels"][0]["perplexity"] < 1 + 0.2 * 7


def test_items_of_no_train_row_are_cold():
    items = items_of(6)
    train = pa.table(
        {
            "item_id": pa.chunked_array([[1, 1], [3]], pa.int64()),
            "item_seq": pa.chunked_array([[[5], []], [[5, 1]]], pa.list_(pa.int64())),
        }
    )
    found = find_cold_items(items, train)
    assert found.tolist() == [False, True, False, True, False, True]


def test_health_is_told_for_items_in_train_and_for_the_others():
    codebook = quantized("title", vectors_of(40), cold(40), params())[3]
    assert (codebook["warm"]["items"], codebook["cold"]["items"]) == (30, 10)


MEMORY = ("cold_items", "shared_codes")


def catalog_below(folder: Path, vectors: Vectors, **changes) -> DataCatalog:
    """The artifacts of the quantisation in files, all else in memory."""
    safetensors = "kedro_datasets_experimental.safetensors.SafetensorsDataset"
    kinds = {
        "codes": (".npy", {"type": "mmctr.data.datasets.NpyDataset"}),
        "quantizer_weights": (
            ".safetensors",
            {"type": safetensors, "backend": "torch"},
        ),
        "quantizer_settings": (".json", {"type": "json.JSONDataset"}),
    }
    report = {"type": "json.JSONDataset", "filepath": str(folder / "codebook.json")}
    entries = {
        name: {
            "type": "mmctr.data.datasets.FolderDataset",
            "dataset": kind,
            "suffix": suffix,
            "filepath": str(folder / name),
        }
        for name, (suffix, kind) in kinds.items()
    }
    entries |= {name: {"type": "MemoryDataset"} for name in MEMORY}
    entries["codebook"] = report
    entries |= {
        f"codebook_{name}_figure": {
            "type": "mmctr.data.datasets.AtomicDataset",
            "dataset": "matplotlib.MatplotlibDataset",
            "filepath": str(folder / f"{name}.png"),
        }
        for name in ("usage", "recall")
    }
    catalog = DataCatalog.from_config(entries)
    catalog["vectors"] = vectors
    catalog["items"] = items_of(len(vectors["title"]) - 1)
    catalog["train"] = pa.table(
        {
            "item_id": pa.array([1, 2], pa.int64()),
            "item_seq": pa.array([[3], []], pa.list_(pa.int64())),
        }
    )
    catalog["params:quantization"] = params(**changes)
    catalog["start_bundle"] = BundleFolder(optional=True)
    catalog["params:scale"] = ScaleParams()
    return catalog


@pytest.mark.parametrize("image_width", [0, 5])
def test_pipeline_runs_through_files(tmp_path, image_width):
    """Every kind of artifact survives its file, an absent modality's, too."""
    both = vectors_of(40, image_width=image_width)
    catalog = catalog_below(tmp_path, both)
    SequentialRunner().run(create_pipeline(), catalog)

    quantizer = load_quantizer(
        catalog.load("quantizer_settings")["title"],
        catalog.load("quantizer_weights")["title"],
    )
    codes = catalog.load("codes")["title"]
    np.testing.assert_array_equal(quantizer.encode(both["title"][1:]), codes)
    assert catalog.load("codebook")["title"]["cold"]["items"] == 37
    for name in ("usage", "recall"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert (catalog.load("codebook")["image"] is None) == (image_width == 0)


def files_below(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_collapse_leaves_the_artifacts_of_both_modalities_as_they_were(tmp_path):
    """Also the titles', which are quantised before the images collapse."""
    catalog = catalog_below(tmp_path, vectors_of(400), **STRICT)
    SequentialRunner().run(create_pipeline(), catalog)
    before = files_below(tmp_path)
    assert {"codes/title.npy", "codes/image.npy", "usage.png"} <= set(before)

    others = with_equal_images(400)
    catalog = catalog_below(
        tmp_path, {name: x[:391] for name, x in others.items()}, **STRICT
    )
    with pytest.raises(ValueError, match="image vectors: .*collapsed"):
        SequentialRunner().run(create_pipeline(), catalog)
    assert files_below(tmp_path) == before


def test_kedro_can_read_the_type_of_the_parameters():
    """An annotation that does not resolve would leave a node a plain dictionary."""
    for node in create_pipeline().nodes:
        hints = get_type_hints(node.func)
        if "params" in hints:
            assert hints["params"] is QuantizationParams
    assert any("params:quantization" in node.inputs for node in create_pipeline().nodes)
