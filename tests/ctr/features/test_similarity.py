"""Histograms of cosines equal those of NumPy."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import (
    click_log,
    random_table,
    whole_batch,
    with_vectors,
)

from mmctr.ctr.features.similarity import SimilarityHistogram
from mmctr.ctr.model_params import SimilarityParams
from mmctr.data.row_statistics.similarity import unit_vectors

SEEDS = st.integers(0, 2**31)


@pytest.mark.parametrize("counts", ["log", "share"])
@given(seed=SEEDS, buckets=st.integers(1, 30), longest=st.integers(0, 9))
@settings(max_examples=15, deadline=None)
def test_histograms_equal_those_counted_row_by_row(counts, seed, buckets, longest):
    """Against NumPy's, on padded histories; gradients of the layer too."""
    rng = np.random.default_rng(seed)
    table = with_vectors(rng, random_table(rng))
    vectors = table.vectors["title"]
    batch = whole_batch(click_log(rng, 12, longest=longest))
    params = SimilarityParams(buckets=buckets, counts=counts)
    torch.manual_seed(seed)
    similarity = SimilarityHistogram(vectors, 4, params)
    parts = (batch.target, batch.history, batch.segment)
    found = similarity.histogram(*parts)

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(lengths > 0, lengths, 1)
    expected = np.zeros((12, buckets))
    for row, target in enumerate(batch.target.tolist()):
        history = batch.history[batch.segment == row].tolist()
        history = [item for item in history if lengths[item] > 0]
        if lengths[target] > 0:
            cosines = unit[history] @ unit[target]
            expected[row] = np.histogram(cosines.clip(-1, 1), buckets, (-1, 1))[0]
    # A cosine on the border of two buckets may fall into either.
    moved = np.abs(found.numpy() - expected).sum() / 2
    assert moved <= 1
    assert np.array_equal(found.sum(dim=1).numpy(), expected.sum(axis=1))

    inputs = found.log1p()
    if counts == "share":
        inputs = found / found.sum(dim=1, keepdim=True).clamp(min=1)
    plain = torch.relu(inputs @ similarity.layer.weight.T + similarity.layer.bias)
    out = similarity(*parts)
    torch.testing.assert_close(out, plain)
    gradients = (
        torch.autograd.grad(x.square().sum(), list(similarity.parameters()))
        for x in (out, plain)
    )
    for mine, other in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, other)


def test_equal_and_opposite_vectors_fall_into_the_outer_buckets():
    vectors = np.array([[0, 0], [3, 0], [1, 0], [-2, 0], [0, 1]], np.float32)
    similarity = SimilarityHistogram(vectors, 4, SimilarityParams(buckets=4))
    target = torch.tensor([1, 4, 2])
    history, segment = torch.tensor([2, 3, 4, 1]), torch.tensor([0, 0, 0, 1])
    counts = similarity.histogram(target, history, segment)
    assert counts.tolist() == [[1, 0, 1, 1], [0, 0, 1, 0], [0, 0, 0, 0]]


def test_long_histories_are_counted_in_parts(monkeypatch):
    rng = np.random.default_rng(0)
    table = with_vectors(rng, random_table(rng))
    batch = whole_batch(click_log(rng, 12))
    parts = (batch.target, batch.history, batch.segment)
    similarity = SimilarityHistogram(table.vectors["image"], 4, SimilarityParams())
    whole = similarity.histogram(*parts)
    monkeypatch.setattr("mmctr.ctr.features.similarity._ROWS", 5)
    assert torch.equal(similarity.histogram(*parts), whole)


@given(seed=SEEDS, buckets=st.integers(1, 30), length=st.integers(1, 9))
@settings(max_examples=30, deadline=None)
def test_rows_of_one_history_fall_into_the_buckets_of_single_rows(
    seed, buckets, length
):
    """Beside borders too: vectors are few, small whole numbers, and some are zero."""
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-2, 3, (12, 3)).astype(np.float32)
    similarity = SimilarityHistogram(vectors, 4, SimilarityParams(buckets=buckets))
    target = torch.arange(12)
    history = torch.from_numpy(rng.integers(1, 12, length)).repeat(12)
    segment = target.repeat_interleave(length)
    apart = similarity.train().histogram(target, history, segment)
    together = similarity.eval().histogram(target, history, segment)
    assert torch.equal(together, apart)


@given(seed=SEEDS, buckets=st.integers(1, 30), longest=st.integers(0, 9))
@settings(max_examples=15, deadline=None)
def test_known_cosines_fall_into_the_same_buckets(seed, buckets, longest):
    rng = np.random.default_rng(seed)
    vectors = with_vectors(rng, random_table(rng)).vectors["title"]
    batch = whole_batch(click_log(rng, 12, longest=longest))
    params = SimilarityParams(buckets=buckets)
    similarity = SimilarityHistogram(vectors, 4, params).eval()
    parts = (batch.target, batch.history, batch.segment)
    unit = unit_vectors(vectors)
    targets = batch.target[batch.segment]
    known = np.vecdot(unit[targets], unit[batch.history]).round(5)
    found = similarity.histogram(*parts, torch.from_numpy(known))
    assert torch.equal(found, similarity.histogram(*parts))
