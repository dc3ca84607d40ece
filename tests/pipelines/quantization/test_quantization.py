"""Vectors to codes to the item table."""

import json
from typing import get_type_hints

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.io import DataCatalog
from kedro.runner import SequentialRunner

from mmctr.pipelines.quantization import create_pipeline
from mmctr.pipelines.quantization.nodes import (
    build_item_table,
    quantize_images,
    quantize_titles,
    report_codebooks,
)
from mmctr.pipelines.vectors import vector_column, vector_matrix
from mmctr.quantizers import (
    PQParams,
    QuantizationParams,
    RQKMeansParams,
    VQVAEParams,
    load_quantizer,
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


def params(method: str = "rq_kmeans") -> QuantizationParams:
    return QuantizationParams(
        method=method,
        rq_kmeans=RQKMeansParams(levels=3, codebook_size=8, iterations=4),
        pq=PQParams(positions=3, codebook_size=8, iterations=4),
        vqvae=VQVAEParams(
            hidden=8, positions=4, codebook_size=8, code_width=2, max_epochs=2
        ),
        seed=1,
        device="cpu",
    )


def codes_of(count: int, positions: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(1, 9, size=(count, positions)).astype(np.int32)


@pytest.mark.parametrize("method", ["rq_kmeans", "pq", "vqvae"])
def test_titles_become_codes_that_the_saved_quantizer_repeats(method):
    features = item_features(60)
    codes, weights, settings_, codebook = quantize_titles(features, params(method))
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
    codes, _, settings_, _ = quantize_images(features, params())
    assert settings_["width"] == 5
    assert not np.array_equal(codes, quantize_titles(features, params())[0])


def test_an_absent_modality_is_zero_wide_and_null_in_the_report():
    features = item_features(10, image_width=0)
    codes, weights, settings_, codebook = quantize_images(features, params())
    assert codes.shape == (10, 0)
    assert codes.dtype == np.int32
    assert {name: tensor.numel() for name, tensor in weights.items()} == {"absent": 0}
    assert settings_ == {"method": None}
    title_codes, _, _, title = quantize_titles(features, params())
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
        quantize_images(item_features(10), params("pq"))


def test_vectors_that_are_not_finite_are_named_with_their_column():
    features = item_features(10)
    vectors = vector_matrix(features, "image_vector").copy()
    vectors[6, 0] = np.nan
    features = features.set_column(5, "image_vector", vector_column(vectors))
    with pytest.raises(ValueError, match=r"image_vector: .*first \[6\]"):
        quantize_images(features, params())


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


@pytest.mark.parametrize("image_width", [0, 5])
def test_pipeline_runs_through_files(tmp_path, image_width):
    """Every kind of artifact survives its file, an absent modality's, too."""
    safetensors = "kedro_datasets_experimental.safetensors.SafetensorsDataset"
    kinds = {
        "codes.npy": {"type": "mmctr.datasets.NpyDataset"},
        "quantizer_weights.safetensors": {"type": safetensors, "backend": "torch"},
        "quantizer_settings.json": {"type": "json.JSONDataset"},
        "codebook.json": {"type": "json.JSONDataset"},
    }
    entries = {
        f"{modality}_{name.split('.')[0]}": {
            "type": "mmctr.datasets.AtomicDataset",
            "dataset": kind,
            "filepath": str(tmp_path / f"{modality}_{name}"),
        }
        for modality in ("title", "image")
        for name, kind in kinds.items()
    }
    entries |= {name: {"type": "MemoryDataset"} for name in ("codebook", "item_table")}
    catalog = DataCatalog.from_config(entries)
    features = item_features(40, image_width=image_width)
    catalog["item_features"] = features
    catalog["params:quantization"] = params()
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
    assert (catalog.load("codebook")["image"] is None) == (image_width == 0)


def test_kedro_can_read_the_type_of_the_parameters():
    """An annotation that does not resolve would leave a node a plain dictionary."""
    for node in create_pipeline().nodes:
        hints = get_type_hints(node.func)
        if "params" in hints:
            assert hints["params"] is QuantizationParams
    assert any("params:quantization" in node.inputs for node in create_pipeline().nodes)
