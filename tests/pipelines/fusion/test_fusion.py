"""Vectors and item features in one table."""

from typing import get_type_hints

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from pydantic import ValidationError

from mmctr.content.fusion.params import FusionParams, ModalityParams
from mmctr.data.vector_columns import vector_matrix
from mmctr.pipelines.fusion import create_pipeline
from mmctr.pipelines.fusion.nodes import (
    fuse_item_features,
    lay_out_vectors,
    prepare_new_vectors,
)


def item_feature(count: int) -> pa.Table:
    tags = [[1] * (row % 3) for row in range(count)]
    return pa.table(
        {
            "item_id": pa.array(range(1, count + 1), pa.int64()),
            "title": [f"item {row}" for row in range(count)],
            "tags": pa.array(tags, pa.list_(pa.int32())),
            "likes_level": pa.array([row % 11 for row in range(count)], pa.int8()),
            "views_level": pa.array([row % 7 for row in range(count)], pa.int8()),
        }
    )


def modality(*, l2_normalize: bool = True, center: bool = False) -> FusionParams:
    both = ModalityParams(l2_normalize=l2_normalize, center=center)
    return FusionParams(title=both, image=both)


def fuse(vectors: np.ndarray, params: FusionParams) -> np.ndarray:
    """The title vectors of a fused table."""
    images = np.zeros((len(vectors), 0), np.float32)
    table = fuse_item_features(item_feature(len(vectors)), vectors, images, params)
    return vector_matrix(table, "title_vector")


def vectors_of(count: int, width: int = 4, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (3 * rng.normal(size=(count, width)) + 1).astype(np.float32)


def test_columns_and_rows_are_kept():
    features = item_feature(9)
    table = fuse_item_features(
        features, vectors_of(9), vectors_of(9, width=3), FusionParams()
    )
    assert table.schema == pa.schema(
        {
            "item_id": pa.int64(),
            "tags": pa.list_(pa.int32()),
            "likes_level": pa.int8(),
            "views_level": pa.int8(),
            "title_vector": pa.list_(pa.float32()),
            "image_vector": pa.list_(pa.float32()),
        }
    )
    for name in ("item_id", "tags", "likes_level", "views_level"):
        assert table[name].to_pylist() == features[name].to_pylist()
    assert vector_matrix(table, "image_vector").shape == (9, 3)


def test_tags_of_another_integer_type_are_cast():
    features = item_feature(3)
    wide = features["tags"].cast(pa.list_(pa.int64()))
    features = features.set_column(2, "tags", wide)
    table = fuse_item_features(features, vectors_of(3), vectors_of(3), FusionParams())
    assert table.schema.field("tags").type == pa.list_(pa.int32())


def test_an_absent_modality_is_a_column_of_empty_lists():
    table = fuse_item_features(
        item_feature(5), vectors_of(5), np.zeros((5, 0), np.float32), FusionParams()
    )
    assert table["image_vector"].to_pylist() == [[]] * 5
    assert vector_matrix(table, "image_vector").shape == (5, 0)


@settings(max_examples=50, deadline=None)
@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 20), st.just(3)),
        # Subnormal float32 values cannot keep a direction.
        elements=st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False),
    ),
    st.booleans(),
)
def test_vectors_are_of_length_one_or_zero(vectors, center):
    fused = fuse(vectors, modality(center=center))
    assert np.isfinite(fused).all()
    lengths = np.linalg.norm(fused.astype(float), axis=1)
    assert ((np.abs(lengths - 1) < 1e-5) | (lengths == 0)).all()
    zero = ~vectors.any(axis=1)
    assert (lengths[zero] == 0).all()
    if not center:
        assert (lengths[~zero] > 0).all()


def test_directions_are_kept():
    vectors = vectors_of(20)
    expected = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(fuse(vectors, modality()), expected, rtol=1e-5)


def test_nothing_is_done_where_nothing_is_asked_for():
    vectors = vectors_of(20)
    fused = fuse(vectors, modality(l2_normalize=False))
    np.testing.assert_array_equal(fused, vectors)


def test_centring_takes_the_mean_of_the_rows_that_are_there():
    vectors = vectors_of(20)
    vectors[[3, 8]] = 0
    there = vectors.any(axis=1)
    fused = fuse(vectors, modality(l2_normalize=False, center=True))
    np.testing.assert_allclose(
        fused[there], vectors[there] - vectors[there].mean(axis=0), atol=1e-5
    )
    assert not fused[~there].any()


def test_centring_normalises_before_and_after():
    vectors = vectors_of(20)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    expected = unit - unit.mean(axis=0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    fused = fuse(vectors, modality(center=True))
    np.testing.assert_allclose(fused, expected, atol=1e-5)


def test_centring_equal_vectors_leaves_zero_and_no_noise():
    vectors = np.tile(vectors_of(1), (50, 1))
    assert not fuse(vectors, modality(center=True)).any()
    # Of one direction, but different by rounding once they are of length one.
    scaled = vectors * np.linspace(0.1, 3, 50, dtype=np.float32)[:, None]
    assert not fuse(scaled, modality(center=True)).any()
    assert not fuse(np.zeros((4, 3), np.float32), modality(center=True)).any()


def test_modalities_have_their_own_parameters():
    params = FusionParams(image=ModalityParams(l2_normalize=False))
    images = vectors_of(6, seed=2)
    table = fuse_item_features(item_feature(6), vectors_of(6), images, params)
    np.testing.assert_array_equal(vector_matrix(table, "image_vector"), images)
    lengths = np.linalg.norm(vector_matrix(table, "title_vector"), axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)


def test_inputs_are_left_alone():
    """A memory map is read-only; so the node must copy."""
    vectors = vectors_of(6)
    before = vectors.copy()
    vectors.setflags(write=False)
    fuse(vectors, modality(center=True))
    np.testing.assert_array_equal(vectors, before)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_vectors_that_are_not_finite_are_named(value):
    vectors = vectors_of(6)
    vectors[4, 1] = value
    with pytest.raises(ValueError, match=r"title_embeddings .*first \[4\].*\[5\]"):
        fuse(vectors, FusionParams())
    with pytest.raises(ValueError, match="image_vectors holds NaN"):
        fuse_item_features(item_feature(6), vectors_of(6), vectors, FusionParams())


def test_a_vector_too_few_is_an_error():
    with pytest.raises(
        ValueError, match=r"image_vectors has shape \[5, 4\] for 6 items"
    ):
        fuse_item_features(
            item_feature(6), vectors_of(6), vectors_of(5), FusionParams()
        )


def test_a_missing_column_and_wrong_ids_are_named():
    features = item_feature(4)
    with pytest.raises(ValueError, match="likes_level"):
        fuse_item_features(
            features.drop_columns("likes_level"),
            vectors_of(4),
            vectors_of(4),
            FusionParams(),
        )
    shuffled = features.take([0, 2, 1, 3])
    with pytest.raises(ValueError, match="item_id in row 1 is 3 where 2"):
        fuse_item_features(shuffled, vectors_of(4), vectors_of(4), FusionParams())


def test_unknown_parameters_are_refused():
    with pytest.raises(ValidationError, match="centre"):
        FusionParams(title={"centre": True})


def test_the_model_gets_vectors_behind_a_row_of_padding():
    vectors, images = vectors_of(6), np.zeros((6, 0), np.float32)
    table = fuse_item_features(item_feature(6), vectors, images, FusionParams())
    title, image = lay_out_vectors(table)
    assert title.dtype == image.dtype == np.float32
    assert not title[0].any()
    np.testing.assert_array_equal(title[1:], vector_matrix(table, "title_vector"))
    assert image.shape == (7, 0)


def test_pipeline_runs_from_catalogue_to_catalogue():
    catalog = DataCatalog(
        {
            "item_feature": MemoryDataset(item_feature(5)),
            "title_embeddings": MemoryDataset(vectors_of(5)),
            "image_vectors": MemoryDataset(vectors_of(5)),
            "params:fusion": MemoryDataset(FusionParams()),
            "item_title_vectors": MemoryDataset(),
            "item_image_vectors": MemoryDataset(),
        }
    )
    SequentialRunner().run(create_pipeline(), catalog)
    assert catalog.load("item_title_vectors").shape == (6, 4)


def test_kedro_can_read_the_type_of_the_parameters():
    """An annotation that does not resolve would leave a node a plain dictionary."""
    for node in create_pipeline().nodes:
        hints = get_type_hints(node.func)
        if "params" in hints:
            assert hints["params"] is FusionParams
    assert any("params:fusion" in node.inputs for node in create_pipeline().nodes)


@pytest.mark.parametrize("l2_normalize", [True, False])
@pytest.mark.parametrize("center", [True, False])
def test_a_known_vector_is_prepared_as_it_was_fused(l2_normalize, center):
    vectors = np.random.default_rng(5).normal(1, 2, (9, 4)).astype(np.float32)
    vectors[3] = 0
    before = vectors.copy()
    params = modality(l2_normalize=l2_normalize, center=center)
    fused = fuse(vectors, params)
    again = prepare_new_vectors(vectors[2:5], vectors, params.title)
    np.testing.assert_array_equal(again, fused[2:5])
    np.testing.assert_array_equal(vectors, before)


def test_a_further_vector_does_not_move_the_centre():
    known = np.array([[1, 0], [3, 0]], np.float32)
    params = ModalityParams(l2_normalize=False, center=True)
    far = np.array([[2, 100]], np.float32)
    np.testing.assert_array_equal(prepare_new_vectors(far, known, params), [[0, 100]])


def test_further_vectors_of_another_width_are_an_error():
    with pytest.raises(ValueError, match="width 3 is wanted"):
        prepare_new_vectors(np.ones((2, 2)), np.ones((4, 3)), ModalityParams())
