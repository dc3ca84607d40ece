"""Residual k-means and product quantisation against brute force."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from quantizer_worlds import KMEANS, WIDTH, quantization_params, topic_vectors

from mmctr.content.quantizers.factory import load_quantizer, make_quantizer


def test_kmeans_with_few_different_items_is_exact():
    """A level has no more centroids than there are different items."""
    vectors = np.repeat(topic_vectors(5), 20, axis=0)
    quantizer = make_quantizer(
        quantization_params("rq_kmeans", levels=8, iterations=20), WIDTH
    )
    report = quantizer.fit(vectors)
    codes = quantizer.encode(vectors)
    np.testing.assert_allclose(quantizer.decode(codes), vectors, atol=1e-5)
    assert report.reconstruction < 1e-10
    sizes = [len(level) for level in quantizer.state().values()]
    assert max(sizes) <= 5
    assert len(np.unique(codes, axis=0)) == 5


def test_kmeans_error_falls_with_every_level():
    vectors = topic_vectors(300)
    errors = [
        make_quantizer(quantization_params("rq_kmeans", levels=levels), WIDTH)
        .fit(vectors)
        .reconstruction
        for levels in (1, 2, 3, 4)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[3] < 0.8 * errors[0]


@pytest.mark.parametrize("method", KMEANS)
@settings(max_examples=25, deadline=None)
@given(
    vectors=arrays(
        np.float32,
        st.tuples(st.integers(1, 30), st.just(WIDTH)),
        elements=st.floats(-100, 100, width=32),
    )
)
def test_kmeans_takes_any_finite_vectors(method, vectors):
    """Coinciding, zero and few rows: codes within range, never worse than none."""
    quantizer = make_quantizer(quantization_params(method), WIDTH)
    quantizer.fit(vectors)
    codes = quantizer.encode(vectors)
    assert 1 <= codes.min() <= codes.max() <= min(8, len(vectors))
    error = np.square(vectors - quantizer.decode(codes), dtype=np.float64).sum()
    spread = np.square(vectors - vectors.mean(axis=0), dtype=np.float64).sum()
    # faiss moves a centroid that it splits by a thousandth; later levels mend it.
    moved = np.square(vectors, dtype=np.float64).sum() * 2e-6 if method == "pq" else 0
    assert error <= spread * 1.001 + 1e-3 + moved


def test_kmeans_codes_are_the_nearest_centroids():
    quantizer = make_quantizer(quantization_params("rq_kmeans"), WIDTH)
    vectors = topic_vectors(200)
    quantizer.fit(vectors)
    codes = quantizer.encode(vectors)
    residual = vectors.astype(np.float64)
    for level, centroids in enumerate(quantizer.state().values()):
        table = centroids.numpy()
        distances = np.square(residual[:, None] - table[None]).sum(axis=2)
        np.testing.assert_array_equal(codes[:, level], distances.argmin(axis=1) + 1)
        residual -= table[codes[:, level] - 1]


@pytest.mark.parametrize(
    ("positions", "codebook_size"), [(1, 16), (4, 16), (6, 1024), (12, 16)]
)
def test_pq_codes_are_the_nearest_centroids(positions, codebook_size):
    """Slices of width 12, 3, 2 and 1; codes of 10 bits among them."""
    quantizer = make_quantizer(
        quantization_params("pq", positions=positions, codebook_size=codebook_size),
        WIDTH,
    )
    vectors = topic_vectors(1_500)
    report = quantizer.fit(vectors)
    others = topic_vectors(300, seed=1)
    codes = quantizer.encode(others)
    codebooks = [quantizer.state()[f"centroids_{p}"].numpy() for p in range(positions)]
    slices = others.reshape(len(others), positions, -1).astype(np.float64)
    decoded = quantizer.decode(codes).reshape(slices.shape)
    for position, table in enumerate(codebooks):
        rows = slices[:, position]
        distances = np.square(rows[:, None] - table[None]).sum(axis=2)
        chosen = codes[:, position] - 1
        np.testing.assert_allclose(
            distances[np.arange(len(rows)), chosen], distances.min(axis=1), atol=1e-6
        )
        np.testing.assert_array_equal(decoded[:, position], table[chosen])
    error = np.square(vectors - quantizer.decode(quantizer.encode(vectors))).mean()
    assert report.reconstruction == pytest.approx(error, rel=1e-4)


def test_pq_uses_codes_of_more_than_eight_bits():
    quantizer = make_quantizer(
        quantization_params("pq", positions=6, codebook_size=1024), WIDTH
    )
    vectors = topic_vectors(3_000)
    quantizer.fit(vectors)
    assert quantizer.encode(vectors).max(axis=0).min() > 900


def test_pq_error_falls_with_positions_and_with_codewords():
    # Without topics: k-means of few starts is near its optimum in every slice.
    vectors = np.random.default_rng(0).normal(size=(300, WIDTH)).astype(np.float32)

    def error(**changes) -> float:
        quantizer = make_quantizer(quantization_params("pq", **changes), WIDTH)
        return quantizer.fit(vectors).reconstruction

    by_positions = [error(positions=positions) for positions in (1, 3, 6, 12)]
    assert by_positions == sorted(by_positions, reverse=True)
    assert by_positions[3] < 0.5 * by_positions[0] < 0.5 * vectors.var(axis=0).mean()
    by_size = [error(codebook_size=size) for size in (2, 8, 32)]
    assert by_size == sorted(by_size, reverse=True)


def test_pq_with_few_different_items_tells_them_apart():
    """A slice has no more centroids than there are different items."""
    vectors = np.repeat(topic_vectors(5), 20, axis=0)
    quantizer = make_quantizer(quantization_params("pq", iterations=20), WIDTH)
    quantizer.fit(vectors)
    codes = quantizer.encode(vectors)
    # faiss moves a centroid that it splits by a thousandth.
    np.testing.assert_allclose(quantizer.decode(codes), vectors, rtol=2e-3)
    assert max(len(book) for book in quantizer.state().values()) <= 5
    assert len(np.unique(codes, axis=0)) == 5


@pytest.mark.parametrize("positions", [5, 24])
def test_pq_wants_a_width_that_is_a_multiple_of_the_positions(positions):
    with pytest.raises(ValueError, match=rf"width {WIDTH} .* {positions} equal"):
        make_quantizer(quantization_params("pq", positions=positions), WIDTH)


def test_pq_centroids_of_a_codebook_too_many_are_refused():
    quantizer = make_quantizer(quantization_params("pq"), WIDTH)
    quantizer.fit(topic_vectors(30))
    state = {**quantizer.state(), "centroids_4": torch.zeros(8, 3)}
    with pytest.raises(ValueError, match=r"\['centroids_4'\] .* one run"):
        load_quantizer(quantizer.settings(), state)
