"""Vectors to codes and what is reported of them."""

import json
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pyarrow as pa
import pytest
from kedro.io import DataCatalog
from kedro.runner import SequentialRunner

from mmctr.content.quantizers.factory import load_quantizer
from mmctr.content.quantizers.item_codes import find_cold_items, quantize_items
from mmctr.content.quantizers.methods import METHODS
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.pipelines.quantization import create_pipeline
from mmctr.reporting.codebook_figures import (
    draw_codebook_recall,
    draw_codebook_usage,
)


def items_of(count: int) -> pa.Table:
    titles = [f"title {number}" for number in range(count)]
    return pa.table({"item_id": range(1, count + 1), "title": titles})


def vectors_of(count: int, *, image_width: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Title and image vectors behind a row of padding."""
    rng = np.random.default_rng(0)
    title, image = (
        rng.normal(size=(count, width)).astype(np.float32) for width in (6, image_width)
    )
    return np.pad(title, ((1, 0), (0, 0))), np.pad(image, ((1, 0), (0, 0)))


def params(method: str = "rq_kmeans", **changes) -> QuantizationParams:
    trained = {"hidden": 8, "max_epochs": 2}
    books = {"positions": 4, "codebook_size": 8, "code_width": 2}
    values = {
        "rq_kmeans": {"levels": 3, "codebook_size": 8, "iterations": 4},
        "rq_fsq": {
            "levels": 2,
            "codebook_size": 8,
            "iterations": 4,
            "rest_positions": 2,
            "rest_levels": (3, 2),
        },
        "pq": {"positions": 3, "codebook_size": 8, "iterations": 4},
        "vqvae": {**trained, **books},
        "vqvae_ema": {**trained, **books},
        "rqvae": {**trained, "levels": 3, "codebook_size": 8, "code_width": 3},
        "fsq": {**trained, "positions": 4, "levels": (3, 3)},
        "simvq": {**trained, **books},
        "health": {"min_perplexity_share": 0},
    }
    return QuantizationParams(
        method=method, seed=1, device="cpu", **{**values, **changes}
    )


def cold(count: int) -> np.ndarray:
    """Every fourth item is not in train."""
    return np.arange(count) % 4 == 0


def quantize_titles(vectors: tuple, cold: np.ndarray, params: QuantizationParams):
    made = quantize_items(*vectors, cold, params)
    return *made[:3], made[6]["title"]


def quantize_images(vectors: tuple, cold: np.ndarray, params: QuantizationParams):
    made = quantize_items(*vectors, cold, params)
    return *made[3:6], made[6]["image"]


@pytest.mark.parametrize("method", list(METHODS))
def test_titles_become_codes_that_the_saved_quantizer_repeats(method):
    both = vectors_of(60, image_width=6)
    codes, weights, settings_, codebook = quantize_titles(
        both, cold(60), params(method)
    )
    vectors = both[0][1:]
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
    codes, _, settings_, _ = quantize_images(both, cold(60), params())
    assert settings_["width"] == 5
    titles = quantize_titles(both, cold(60), params())[0]
    assert not np.array_equal(codes, titles)


def test_an_absent_modality_is_zero_wide_and_null_in_the_report():
    both = vectors_of(10, image_width=0)
    codes, weights, settings_, codebook = quantize_images(both, cold(10), params())
    assert codes.shape == (10, 0)
    assert codes.dtype == np.int32
    assert {name: tensor.numel() for name, tensor in weights.items()} == {"absent": 0}
    assert settings_ == {"method": None}
    title = quantize_titles(both, cold(10), params())[3]
    report = {"title": title, "image": codebook}
    assert report["image"] is None
    assert {"r2", "cosine", "usage", "perplexity", "dead_codes", "recall_at_10"} <= set(
        report["title"]
    )
    json.dumps(report, allow_nan=False)


def test_a_width_that_pq_cannot_cut_is_named_with_its_modality():
    with pytest.raises(ValueError, match=r"image vectors: .*width 5 .* 3 equal slices"):
        quantize_images(vectors_of(10), cold(10), params("pq"))


def test_vectors_that_are_not_finite_are_named_with_their_modality():
    both = vectors_of(10)
    both[1][7, 0] = np.nan
    with pytest.raises(ValueError, match=r"image vectors: .*first \[6\]"):
        quantize_images(both, cold(10), params())


def with_equal_images(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nine of ten items get one image vector."""
    title, image = vectors_of(count)
    image[1:][np.arange(count) % 10 > 0] = image[1]
    return title, image


STRICT = {"health": {"min_perplexity_share": 0.2}}


def test_a_collapsed_codebook_is_named_with_its_modality():
    both = vectors_of(400)
    _, _, _, title = quantize_titles(both, cold(400), params(**STRICT))
    assert title["perplexity"] > 1 + 0.2 * 7
    with pytest.raises(ValueError, match="image vectors: rq_kmeans collapsed: level"):
        quantize_items(*with_equal_images(400), cold(400), params(**STRICT))
    accepted = quantize_images(with_equal_images(400), cold(400), params())
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
    codebook = quantize_titles(vectors_of(40), cold(40), params())[3]
    assert (codebook["warm"]["items"], codebook["cold"]["items"]) == (30, 10)


def codebook_of(method: str, count: int = 60, image_width: int = 5):
    both = vectors_of(count, image_width=image_width)
    title = quantize_titles(both, cold(count), params(method))[3]
    image = quantize_images(both, cold(count), params(method))[3]
    return {"title": title, "image": image}


def heights(axes) -> list[float]:
    return [bar.get_height() for bars in axes.containers for bar in bars]


def test_figures_show_the_numbers_of_the_report():
    codebook = codebook_of("rq_kmeans", image_width=0)
    title = codebook["title"]
    usage, absent = draw_codebook_usage(codebook).axes
    levels = title["levels"]
    shown = [level["usage"] for level in levels]
    shown += [level["perplexity"] / 8 for level in levels]
    assert heights(usage) == pytest.approx(shown)
    assert [text.get_text() for text in absent.texts] == ["absent"]
    recall = draw_codebook_recall(codebook).axes[0]
    parts = (title, title["warm"], title["cold"])
    assert heights(recall) == pytest.approx(
        [part[f"recall_at_{k}"] for k in (10, 50) for part in parts]
    )


def test_a_figure_of_many_positions_is_drawn_with_lines():
    codebook = codebook_of("rq_kmeans")
    for health in codebook.values():
        health["levels"] *= 20
    axes = draw_codebook_usage(codebook).axes[0]
    assert [len(line.get_xdata()) for line in axes.lines] == [60, 60]


MEMORY = ("cold_items", "shared_codes")


def catalog_below(folder: Path, vectors: tuple, **changes) -> DataCatalog:
    """The artifacts of the quantisation in files, all else in memory."""
    safetensors = "kedro_datasets_experimental.safetensors.SafetensorsDataset"
    kinds = {
        "codes.npy": {"type": "mmctr.data.datasets.NpyDataset"},
        "quantizer_weights.safetensors": {"type": safetensors, "backend": "torch"},
        "quantizer_settings.json": {"type": "json.JSONDataset"},
    }
    report = {"type": "json.JSONDataset", "filepath": str(folder / "codebook.json")}
    entries = {
        f"{modality}_{name.split('.')[0]}": {
            "type": "mmctr.data.datasets.AtomicDataset",
            "dataset": kind,
            "filepath": str(folder / f"{modality}_{name}"),
        }
        for modality in ("title", "image")
        for name, kind in kinds.items()
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
    catalog["title_vectors"], catalog["image_vectors"] = vectors
    catalog["items"] = items_of(len(vectors[0]) - 1)
    catalog["train"] = pa.table(
        {
            "item_id": pa.array([1, 2], pa.int64()),
            "item_seq": pa.array([[3], []], pa.list_(pa.int64())),
        }
    )
    catalog["params:quantization"] = params(**changes)
    return catalog


@pytest.mark.parametrize("image_width", [0, 5])
def test_pipeline_runs_through_files(tmp_path, image_width):
    """Every kind of artifact survives its file, an absent modality's, too."""
    both = vectors_of(40, image_width=image_width)
    catalog = catalog_below(tmp_path, both)
    SequentialRunner().run(create_pipeline(), catalog)

    codes = catalog.load("title_codes")
    quantizer = load_quantizer(
        catalog.load("title_quantizer_settings"),
        catalog.load("title_quantizer_weights"),
    )
    np.testing.assert_array_equal(quantizer.encode(both[0][1:]), codes)
    assert catalog.load("codebook")["title"]["cold"]["items"] == 37
    for name in ("usage", "recall"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert (catalog.load("codebook")["image"] is None) == (image_width == 0)


def test_a_collapse_leaves_the_artifacts_of_both_modalities_as_they_were(tmp_path):
    """Also the titles', which are quantised before the images collapse."""
    catalog = catalog_below(tmp_path, vectors_of(400), **STRICT)
    SequentialRunner().run(create_pipeline(), catalog)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {"title_codes.npy", "image_codes.npy", "usage.png"} <= set(before)

    others = with_equal_images(400)
    catalog = catalog_below(tmp_path, tuple(x[:391] for x in others), **STRICT)
    with pytest.raises(ValueError, match="image vectors: .*collapsed"):
        SequentialRunner().run(create_pipeline(), catalog)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_kedro_can_read_the_type_of_the_parameters():
    """An annotation that does not resolve would leave a node a plain dictionary."""
    for node in create_pipeline().nodes:
        hints = get_type_hints(node.func)
        if "params" in hints:
            assert hints["params"] is QuantizationParams
    assert any("params:quantization" in node.inputs for node in create_pipeline().nodes)
