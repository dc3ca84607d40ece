"""Codebook health against brute force."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmctr.quantizers import codebook_health

KEYS = {
    "r2",
    "cosine",
    "usage",
    "perplexity",
    "dead_codes",
    "recall_at_10",
    "collision_rate",
    "positions",
    "codebook_size",
}


def health(vectors, codes, decoded, *, size=6, shared=False, **more):
    return codebook_health(
        vectors,
        codes,
        decoded,
        codebook_size=size,
        shared_codebook=shared,
        seed=0,
        **more,
    )


def example(count: int, seed: int, noise: float = 0.5):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, 5)).astype(np.float32)
    decoded = vectors + noise * rng.normal(size=vectors.shape).astype(np.float32)
    return vectors, rng.integers(1, 7, size=(count, 3)).astype(np.int32), decoded


def cosines(rows: np.ndarray) -> np.ndarray:
    unit = rows.astype(float) / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit @ unit.T


@settings(max_examples=20, deadline=None)
@given(count=st.integers(12, 60), seed=st.integers(0, 10_000), shared=st.booleans())
def test_every_number_equals_brute_force(count, seed, shared):
    vectors, codes, decoded = example(count, seed)
    result = health(vectors, codes, decoded, shared=shared)

    x, y = vectors.astype(float), decoded.astype(float)
    r2 = 1 - ((x - y) ** 2).sum() / ((x - x.mean(axis=0)) ** 2).sum()
    assert result["r2"] == pytest.approx(r2)
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    cosine = (x * y).sum(axis=1) / lengths
    assert result["cosine"] == pytest.approx(cosine.mean())

    books = [codes.ravel()] if shared else list(codes.T)
    used = [len(set(book.tolist())) for book in books]
    assert result["usage"] == pytest.approx(sum(used) / (6 * len(books)))
    assert result["dead_codes"] == 6 * len(books) - sum(used)
    perplexities = []
    for book in books:
        shares = np.unique(book, return_counts=True)[1] / len(book)
        perplexities.append(np.exp(-(shares * np.log(shares)).sum()))
    assert result["perplexity"] == pytest.approx(np.mean(perplexities))

    rows = [tuple(row) for row in codes.tolist()]
    collided = np.mean([rows.count(row) > 1 for row in rows])
    assert result["collision_rate"] == pytest.approx(collided)

    hits = []
    for item in range(count):
        near = []
        for space in (cosines(vectors), cosines(decoded)):
            order = [other for other in np.argsort(-space[item]) if other != item]
            near.append(set(order[:10]))
        hits.append(len(near[0] & near[1]) / 10)
    assert result["recall_at_10"] == pytest.approx(np.mean(hits))


def test_perfect_decoding():
    vectors, codes, _ = example(50, 1)
    result = health(vectors, codes, vectors)
    assert result["r2"] == 1
    assert result["cosine"] == pytest.approx(1)
    assert result["recall_at_10"] == 1


def test_decoding_to_the_mean_explains_nothing():
    vectors, codes, _ = example(50, 1)
    mean = np.broadcast_to(vectors.mean(axis=0), vectors.shape)
    assert health(vectors, codes, mean)["r2"] == pytest.approx(0, abs=1e-6)


def test_zero_vectors_are_left_out_of_cosine_and_recall():
    vectors, codes, decoded = example(40, 2)
    with_zeros = np.concatenate([np.zeros((5, 5), np.float32), vectors])
    their_codes = np.concatenate([codes[:5], codes])
    anything = np.concatenate([np.ones((5, 5), np.float32), decoded])
    plain, padded = (
        health(vectors, codes, decoded),
        health(with_zeros, their_codes, anything),
    )
    assert padded["cosine"] == pytest.approx(plain["cosine"])
    assert padded["recall_at_10"] == pytest.approx(plain["recall_at_10"])


def test_a_decoding_without_direction_counts_as_cosine_zero():
    vectors, codes, _ = example(10, 3)
    decoded = vectors.copy()
    decoded[:5] = 0
    assert health(vectors, codes, decoded)["cosine"] == pytest.approx(0.5)


@pytest.mark.parametrize("count", [1, 2, 8])
def test_few_or_equal_items_give_json(count):
    """Undefined is None: no NaN reaches a JSON file."""
    vectors = np.ones((count, 5), np.float32)
    codes = np.ones((count, 3), np.int32)
    result = health(vectors, codes, vectors)
    assert set(result) == KEYS
    assert result["r2"] is None
    assert (result["recall_at_10"] is None) == (count == 1)
    assert result["collision_rate"] == (0 if count == 1 else 1)
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_all_zero_vectors_have_no_cosine():
    zeros = np.zeros((4, 5), np.float32)
    result = health(zeros, np.ones((4, 3), np.int32), zeros)
    assert result["cosine"] is None
    assert result["recall_at_10"] is None


def test_queries_are_a_seeded_draw():
    vectors, codes, decoded = example(60, 4)
    everyone = health(vectors, codes, decoded)
    first, again = (health(vectors, codes, decoded, queries=7) for _ in range(2))
    assert first == again
    assert first["recall_at_10"] * 70 == pytest.approx(
        round(first["recall_at_10"] * 70)
    )
    assert 0 < first["recall_at_10"] <= 1
    assert {k: v for k, v in first.items() if k != "recall_at_10"} == {
        k: v for k, v in everyone.items() if k != "recall_at_10"
    }


def test_what_does_not_belong_together_is_refused():
    vectors, codes, decoded = example(20, 5)
    with pytest.raises(ValueError, match="same items"):
        health(vectors, codes[1:], decoded)
    with pytest.raises(ValueError, match="same items"):
        health(vectors, codes, decoded[:, 1:])
    with pytest.raises(ValueError, match=r"outside 1\.\.3"):
        health(vectors, codes, decoded, size=3)
    with pytest.raises(ValueError, match="null"):
        health(vectors, codes[:, :0], decoded)
