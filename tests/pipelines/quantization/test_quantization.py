"""Vectors to codes to the item table."""

import json
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.io import DataCatalog
from kedro.runner import SequentialRunner

from mmctr.content.quantizers import (
    METHODS,
    QuantizationParams,
    load_quantizer,
)
from mmctr.content.quantizers.item_codes import find_cold_items, quantize_items
from mmctr.content.quantizers.shared_codes import list_shared_codes
from mmctr.ctr.inputs.build_item_table import build_item_table
from mmctr.data.vector_columns import vector_column, vector_matrix
from mmctr.pipelines.quantization import create_pipeline
from mmctr.pipelines.quantization.nodes import report_codebooks
from mmctr.reporting.codebook_figures import (
    draw_codebook_recall,
    draw_codebook_usage,
)


def item_features(count: int, *, image_width: int = 5) -> pa.Table:
    rng = np.random.default_rng(0)
    tags = [rng.integers(1, 9, size=row % 4).tolist() for row in range(count)]

    def vectors(width: int) -> pa.ChunkedArray:
        return vector_column(rng.normal(size=(count, width)).astype(np.float32))

    return pa.table(
        {
            "item_id": pa.array(range(1, count + 1), pa.int64()),
            "tags": pa.array(tags, pa.list_(pa.int32())),
            "likes_level": pa.array([row % 11 for row in range(count)], pa.int8()),
            "views_level": pa.array([row % 5 for row in range(count)], pa.int8()),
            "title_vector": vectors(6),
            "image_vector": vectors(image_width),
        }
    )


def params(method: str = "rq_kmeans", **changes) -> QuantizationParams:
    trained = {"hidden": 8, "max_epochs": 2}
    books = {"positions": 4, "codebook_size": 8, "code_width": 2}
    values = {
        "rq_kmeans": {"levels": 3, "codebook_size": 8, "iterations": 4},
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


def codes_of(count: int, positions: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(1, 9, size=(count, positions)).astype(np.int32)


def quantize_titles(features: pa.Table, cold: np.ndarray, params: QuantizationParams):
    return quantize_items(features, cold, params)[:4]


def quantize_images(features: pa.Table, cold: np.ndarray, params: QuantizationParams):
    return quantize_items(features, cold, params)[4:]


@pytest.mark.parametrize("method", list(METHODS))
def test_titles_become_codes_that_the_saved_quantizer_repeats(method):
    features = item_features(60, image_width=6)
    codes, weights, settings_, codebook = quantize_titles(
        features, cold(60), params(method)
    )
    vectors = vector_matrix(features, "title_vector")
    quantizer = load_quantizer(json.loads(json.dumps(settings_)), weights)
    np.testing.assert_array_equal(quantizer.encode(vectors), codes)
    assert codes.dtype == np.int32
    assert codes.min() >= 1
    assert codebook["present"] is True
    assert codebook["positions"] == codes.shape[1] == quantizer.positions
    error = np.square(quantizer.decode(codes) - vectors).sum()
    spread = np.square(vectors - vectors.mean(axis=0)).sum()
    assert codebook["r2"] == pytest.approx(1 - error / spread, abs=1e-5)


def test_images_have_their_own_codes():
    features = item_features(60)
    codes, _, settings_, _ = quantize_images(features, cold(60), params())
    assert settings_["width"] == 5
    titles = quantize_titles(features, cold(60), params())[0]
    assert not np.array_equal(codes, titles)


def test_an_absent_modality_is_zero_wide_and_null_in_the_report():
    features = item_features(10, image_width=0)
    codes, weights, settings_, codebook = quantize_images(features, cold(10), params())
    assert codes.shape == (10, 0)
    assert codes.dtype == np.int32
    assert {name: tensor.numel() for name, tensor in weights.items()} == {"absent": 0}
    assert settings_ == {"method": None}
    title_codes, _, _, title = quantize_titles(features, cold(10), params())
    report = report_codebooks(title, codebook)
    assert report["image"] is None
    assert "present" not in report["title"]
    assert {"r2", "cosine", "usage", "perplexity", "dead_codes", "recall_at_10"} <= set(
        report["title"]
    )
    json.dumps(report, allow_nan=False)
    table = build_item_table(features, title_codes, codes)
    assert table["image_codes"].to_pylist() == [[]] * 11


def test_a_width_that_pq_cannot_cut_is_named_with_its_column():
    with pytest.raises(ValueError, match=r"image_vector: .*width 5 .* 3 equal slices"):
        quantize_images(item_features(10), cold(10), params("pq"))


def test_vectors_that_are_not_finite_are_named_with_their_column():
    features = item_features(10)
    vectors = vector_matrix(features, "image_vector").copy()
    vectors[6, 0] = np.nan
    features = features.set_column(5, "image_vector", vector_column(vectors))
    with pytest.raises(ValueError, match=r"image_vector: .*first \[6\]"):
        quantize_images(features, cold(10), params())


def with_equal_images(features: pa.Table) -> pa.Table:
    """Nine of ten items get one image vector."""
    vectors = vector_matrix(features, "image_vector").copy()
    vectors[np.arange(len(vectors)) % 10 > 0] = vectors[0]
    where = features.column_names.index("image_vector")
    return features.set_column(where, "image_vector", vector_column(vectors))


STRICT = {"health": {"min_perplexity_share": 0.2}}


def test_a_collapsed_codebook_is_named_with_its_column():
    features = item_features(400)
    _, _, _, title = quantize_titles(features, cold(400), params(**STRICT))
    assert title["perplexity"] > 1 + 0.2 * 7
    with pytest.raises(ValueError, match=r"image_vector: rq_kmeans collapsed: level 1"):
        quantize_items(with_equal_images(features), cold(400), params(**STRICT))
    accepted = quantize_images(with_equal_images(features), cold(400), params())
    assert accepted[3]["levels"][0]["perplexity"] < 1 + 0.2 * 7


def test_items_of_no_train_row_are_cold():
    items = item_features(6).select(["item_id"])
    train = pa.table(
        {
            "item_id": pa.chunked_array([[1, 1], [3]], pa.int64()),
            "item_seq": pa.chunked_array([[[5], []], [[5, 1]]], pa.list_(pa.int64())),
        }
    )
    found = find_cold_items(items, train)
    assert found.tolist() == [False, True, False, True, False, True]


def test_health_is_told_for_items_in_train_and_for_the_others():
    codebook = quantize_titles(item_features(40), cold(40), params())[3]
    assert (codebook["warm"]["items"], codebook["cold"]["items"]) == (30, 10)


def codebook_of(method: str, count: int = 60, image_width: int = 5):
    features = item_features(count, image_width=image_width)
    title = quantize_titles(features, cold(count), params(method))[3]
    image = quantize_images(features, cold(count), params(method))[3]
    return report_codebooks(title, image)


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


def test_items_are_listed_with_those_that_share_their_codes():
    titles = [f"title {number}" for number in range(1, 31)]
    titles[4], titles[5] = "", None
    features = item_features(30).append_column("title", pa.array(titles))
    codes = np.arange(1, 91).reshape(30, 3).astype(np.int32)
    codes[20] = codes[10]
    codes[12, :2] = codes[10, :2]
    none = np.empty((30, 0), dtype=np.int32)
    table = list_shared_codes(features, codes, none, params())
    assert set(table["modality"]) == {"title"}
    assert set(table["item_id"]) >= {11, 21}
    rows = table[table["item_id"] == 11]
    assert rows["other_title"].tolist() == ["title 21", "title 13"]
    assert rows["shared_codes"].tolist() == [3, 2]
    assert set(rows["codes"]) == {3}
    again = list_shared_codes(features, codes, none, params())
    assert table.equals(again)
    empty = list_shared_codes(features, none, none, params())
    assert len(empty) == 0
    assert list(empty.columns) == list(table.columns)


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 30), positions=st.integers(1, 4), chunks=st.integers(1, 3))
def test_row_i_of_the_item_table_is_item_i(count, positions, chunks):
    features = item_features(count)
    size = -(-count // chunks)
    features = pa.concat_tables(
        [features.slice(start, size) for start in range(0, count, size)]
    )
    title, image = codes_of(count, positions), codes_of(count, 2, seed=1)
    table = build_item_table(features, title, image)
    assert table.schema == pa.schema(
        {
            "item_id": pa.int32(),
            "tags": pa.list_(pa.int32()),
            "likes": pa.int8(),
            "views": pa.int8(),
            "title_codes": pa.list_(pa.int32()),
            "image_codes": pa.list_(pa.int32()),
        }
    )
    assert table.slice(0, 1).to_pylist() == [
        {
            "item_id": 0,
            "tags": [],
            "likes": 0,
            "views": 0,
            "title_codes": [0] * positions,
            "image_codes": [0, 0],
        }
    ]
    items = table.slice(1)
    assert items["item_id"].to_pylist() == features["item_id"].to_pylist()
    assert items["tags"].to_pylist() == features["tags"].to_pylist()
    for name in ("likes", "views"):
        shifted = [level + 1 for level in features[f"{name}_level"].to_pylist()]
        assert items[name].to_pylist() == shifted
    assert items["title_codes"].to_pylist() == title.tolist()
    assert items["image_codes"].to_pylist() == image.tolist()


def replaced(column: str, values: list, kind: pa.DataType) -> pa.Table:
    """Three items, one column changed."""
    features = item_features(3)
    where = features.column_names.index(column)
    return features.set_column(where, column, pa.array(values, kind))


@pytest.mark.parametrize(
    ("column", "values", "kind", "message"),
    [
        ("item_id", [1, 3, 2], pa.int64(), "item_id in row 1 is 3 where 2"),
        ("likes_level", [0, 11, 2], pa.int8(), "likes_level in row 1 is 11"),
        ("views_level", [-1, 1, 2], pa.int8(), "views_level in row 0 is -1"),
        ("views_level", [1, None, 2], pa.int8(), "'views_level' holds nulls"),
        ("tags", [[1], [], [0, 2]], pa.list_(pa.int32()), "'tags' holds 0"),
        ("tags", [[1], None, [2]], pa.list_(pa.int32()), "'tags' holds nulls"),
    ],
)
def test_features_out_of_range_are_named(column, values, kind, message):
    features = replaced(column, values, kind)
    with pytest.raises(ValueError, match=message):
        build_item_table(features, codes_of(3, 2), codes_of(3, 2))


def test_codes_that_do_not_fit_are_named():
    features = item_features(3)
    with pytest.raises(ValueError, match=r"image_codes has shape \[2, 2\] for 3 items"):
        build_item_table(features, codes_of(3, 2), codes_of(2, 2))
    codes = codes_of(3, 2)
    codes[1, 1] = 0
    with pytest.raises(ValueError, match="title_codes holds codes under 1 in row 1"):
        build_item_table(features, codes, codes_of(3, 2))


MEMORY = ("item_table", "cold_items", "shared_codes")


def catalog_below(folder: Path, features: pa.Table, **changes) -> DataCatalog:
    """The artifacts of the quantisation in files, all else in memory."""
    safetensors = "kedro_datasets_experimental.safetensors.SafetensorsDataset"
    kinds = {
        "codes.npy": {"type": "mmctr.data.datasets.NpyDataset"},
        "quantizer_weights.safetensors": {"type": safetensors, "backend": "torch"},
        "quantizer_settings.json": {"type": "json.JSONDataset"},
        "codebook.json": {"type": "json.JSONDataset"},
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
    catalog["item_features"] = features
    titles = pa.array([f"title {number}" for number in range(features.num_rows)])
    catalog["item_feature"] = features.append_column("title", titles)
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
    features = item_features(40, image_width=image_width)
    catalog = catalog_below(tmp_path, features)
    SequentialRunner().run(create_pipeline(), catalog)

    codes = catalog.load("title_codes")
    quantizer = load_quantizer(
        catalog.load("title_quantizer_settings"),
        catalog.load("title_quantizer_weights"),
    )
    np.testing.assert_array_equal(
        quantizer.encode(vector_matrix(features, "title_vector")), codes
    )
    assert catalog.load("item_table").num_rows == 41
    assert catalog.load("codebook")["title"]["cold"]["items"] == 37
    for name in ("usage", "recall"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert (catalog.load("codebook")["image"] is None) == (image_width == 0)


def test_a_collapse_leaves_the_artifacts_of_both_modalities_as_they_were(tmp_path):
    """Also the titles', which are quantised before the images collapse."""
    catalog = catalog_below(tmp_path, item_features(400), **STRICT)
    SequentialRunner().run(create_pipeline(), catalog)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {"title_codes.npy", "image_codes.npy", "usage.png"} <= set(before)

    others = with_equal_images(item_features(400)).slice(0, 390)
    catalog = catalog_below(tmp_path, others, **STRICT)
    with pytest.raises(ValueError, match="image_vector: .*collapsed"):
        SequentialRunner().run(create_pipeline(), catalog)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_kedro_can_read_the_type_of_the_parameters():
    """An annotation that does not resolve would leave a node a plain dictionary."""
    for node in create_pipeline().nodes:
        hints = get_type_hints(node.func)
        if "params" in hints:
            assert hints["params"] is QuantizationParams
    assert any("params:quantization" in node.inputs for node in create_pipeline().nodes)
