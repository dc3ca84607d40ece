"""Vectors as they are stored: padded, normalised, centred."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from mmctr.content.vectors import (
    ModalityParams,
    finish_new_vectors,
    finish_vectors,
)


def finished(vectors: np.ndarray, **params: bool) -> np.ndarray:
    """The stored vectors of items."""
    stored, _ = finish_vectors(
        vectors, ModalityParams(column="title", **params), "title vectors"
    )
    assert not stored[0].any()
    assert stored.dtype == np.float32
    return stored[1:]


def vectors_of(count: int, width: int = 4, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (3 * rng.normal(size=(count, width)) + 1).astype(np.float32)


def test_an_absent_modality_is_zero_wide():
    stored, center = finish_vectors(
        np.zeros((5, 0), np.float32), ModalityParams(column="title"), "image vectors"
    )
    assert (stored.shape, center.shape) == ((6, 0), (0,))


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
    stored = finished(vectors, center=center)
    assert np.isfinite(stored).all()
    lengths = np.linalg.norm(stored.astype(float), axis=1)
    assert ((np.abs(lengths - 1) < 1e-5) | (lengths == 0)).all()
    zero = ~vectors.any(axis=1)
    assert (lengths[zero] == 0).all()
    if not center:
        assert (lengths[~zero] > 0).all()


def test_directions_are_kept():
    vectors = vectors_of(20)
    expected = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(finished(vectors), expected, rtol=1e-5)


def test_nothing_is_done_where_nothing_is_asked_for():
    vectors = vectors_of(20)
    stored = finished(vectors, l2_normalize=False)
    np.testing.assert_array_equal(stored, vectors)


def test_centring_takes_the_mean_of_the_rows_that_are_there():
    vectors = vectors_of(20)
    vectors[[3, 8]] = 0
    there = vectors.any(axis=1)
    stored = finished(vectors, l2_normalize=False, center=True)
    np.testing.assert_allclose(
        stored[there], vectors[there] - vectors[there].mean(axis=0), atol=1e-5
    )
    assert not stored[~there].any()


def test_centring_normalises_before_and_after():
    vectors = vectors_of(20)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    expected = unit - unit.mean(axis=0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    stored = finished(vectors, center=True)
    np.testing.assert_allclose(stored, expected, atol=1e-5)


def test_centring_equal_vectors_leaves_zero_and_no_noise():
    vectors = np.tile(vectors_of(1), (50, 1))
    assert not finished(vectors, center=True).any()
    # Of one direction, but different by rounding once they are of length one.
    scaled = vectors * np.linspace(0.1, 3, 50, dtype=np.float32)[:, None]
    assert not finished(scaled, center=True).any()
    assert not finished(np.zeros((4, 3), np.float32), center=True).any()


def test_inputs_are_left_alone():
    """A memory map is read-only; so the vectors are copied."""
    vectors = vectors_of(6)
    before = vectors.copy()
    vectors.setflags(write=False)
    finished(vectors, center=True)
    np.testing.assert_array_equal(vectors, before)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_vectors_that_are_not_finite_are_named(value):
    vectors = vectors_of(6)
    vectors[4, 1] = value
    with pytest.raises(ValueError, match=r"title vectors hold .*first \[4\].*\[5\]"):
        finished(vectors)


def test_unknown_parameters_are_refused():
    with pytest.raises(ValidationError, match="centre"):
        ModalityParams(column="title", centre=True)


@pytest.mark.parametrize("l2_normalize", [True, False])
@pytest.mark.parametrize("center", [True, False])
def test_a_known_vector_is_finished_as_it_was(l2_normalize, center):
    vectors = np.random.default_rng(5).normal(1, 2, (9, 4)).astype(np.float32)
    vectors[3] = 0
    before = vectors.copy()
    params = ModalityParams(column="title", l2_normalize=l2_normalize, center=center)
    stored, mean = finish_vectors(vectors, params, "title vectors")
    again = finish_new_vectors(vectors[2:5], mean, params)
    np.testing.assert_array_equal(again, stored[3:6])
    np.testing.assert_array_equal(vectors, before)


def test_a_further_vector_does_not_move_the_centre():
    known = np.array([[1, 0], [3, 0]], np.float32)
    params = ModalityParams(column="title", l2_normalize=False, center=True)
    _, center = finish_vectors(known, params, "title vectors")
    far = np.array([[2, 100]], np.float32)
    np.testing.assert_array_equal(finish_new_vectors(far, center, params), [[0, 100]])


def test_further_vectors_of_another_width_are_an_error():
    with pytest.raises(ValueError, match="expected vectors of width 3"):
        finish_new_vectors(np.ones((2, 2)), np.zeros(3), ModalityParams(column="title"))
