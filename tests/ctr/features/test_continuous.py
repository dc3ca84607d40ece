"""Item vectors behind a projection: what is fitted, and what loading restores."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmctr.ctr.features.vectors import ContinuousVector, Projection
from mmctr.ctr.model_params import ContinuousParams

SEEDS = st.integers(0, 2**31)


def vectors_of(rng: np.random.Generator, items: int, width: int) -> np.ndarray:
    """Correlated columns and a mean; padding and item 3 have no vector."""
    mixed = rng.normal(size=(items + 1, width)) @ rng.normal(size=(width, width)) + 2
    mixed[[0, 3]] = 0
    return mixed.astype(np.float32)


def plain_axes(
    vectors: np.ndarray, seen: np.ndarray, kept: int, normalize: str
) -> np.ndarray:
    """The same, from the singular vectors of the centred rows of train."""
    train = vectors[seen & vectors.any(axis=1)].astype(np.float64)
    centred = vectors.astype(np.float64) - train.mean(axis=0)
    _, values, right = np.linalg.svd(train - train.mean(axis=0), full_matrices=False)
    found = centred @ right[:kept].T
    if normalize == "columns":
        found *= np.sqrt(len(train) - 1) / values[:kept] / np.sqrt(kept)
    else:
        found /= np.linalg.norm(found, axis=1, keepdims=True)
    found[~vectors.any(axis=1)] = 0
    return found


@pytest.mark.parametrize("normalize", ["rows", "columns"])
@given(seed=SEEDS, kept=st.integers(1, 4))
@settings(max_examples=10, deadline=None)
def test_components_are_those_of_the_items_of_train(normalize, seed, kept):
    rng = np.random.default_rng(seed)
    vectors = vectors_of(rng, 60, 6)
    seen = rng.random(61) < 0.5
    seen[:3] = False
    params = ContinuousParams(components=kept, normalize=normalize)
    found = Projection.fit(vectors, seen, params).transform(vectors, params)
    expected = plain_axes(vectors, seen, kept, normalize)
    assert found.dtype == np.float32
    # A component's sign is not defined.
    np.testing.assert_allclose(np.abs(found), np.abs(expected), rtol=0.02, atol=2e-3)
    assert not found[[0, 3]].any()


def test_vectors_of_items_outside_train_change_no_component():
    rng = np.random.default_rng(0)
    vectors = vectors_of(rng, 60, 6)
    seen = np.arange(61) < 40
    params = ContinuousParams(components=3)
    other = vectors.copy()
    other[40:] *= 5
    one, two = (Projection.fit(each, seen, params) for each in (vectors, other))
    assert np.array_equal(one.components, two.components)
    assert np.array_equal(one.mean, two.mean)


@pytest.mark.parametrize("normalize", ["rows", "columns"])
def test_no_components_keep_the_whole_vector(normalize):
    vectors = vectors_of(np.random.default_rng(1), 60, 6)
    params = ContinuousParams(components=0, normalize=normalize)
    found = Projection.fit(vectors, np.arange(61) > 0, params).transform(
        vectors, params
    )
    there = vectors.any(axis=1)
    centred = vectors - vectors[there].mean(axis=0)
    if normalize == "rows":
        expected = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    else:
        expected = centred / vectors[there].std(axis=0) / np.sqrt(6)
    np.testing.assert_allclose(found[there], expected[there], atol=1e-4)
    assert not found[~there].any()


@pytest.mark.parametrize("normalize", ["rows", "columns"])
@pytest.mark.parametrize("n_seen", [0, 1, 2, 4])
def test_more_components_than_items_are_zero(normalize, n_seen):
    vectors = vectors_of(np.random.default_rng(2), 20, 8)
    seen = np.isin(np.arange(21), np.arange(4, 4 + n_seen))
    params = ContinuousParams(components=6, normalize=normalize)
    found = Projection.fit(vectors, seen, params).transform(vectors, params)
    assert found.shape == (21, 6)
    assert np.isfinite(found).all()
    assert not found[:, n_seen:].any()


def test_loading_weights_restores_the_components():
    vectors = vectors_of(np.random.default_rng(3), 60, 6)
    params = ContinuousParams(components=4, normalize="columns")
    one = ContinuousVector(vectors, np.arange(61) > 30, 5, params)
    two = ContinuousVector(vectors, np.zeros(61, bool), 5, params)
    items = torch.arange(61)
    assert not torch.equal(one(items), two(items))
    two.load_state_dict(one.state_dict())
    assert torch.equal(one(items), two(items))
    assert "inputs" not in one.state_dict()
