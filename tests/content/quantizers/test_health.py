"""Codebook health against brute force."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quantizer_worlds import health

from mmctr.content.quantizers.health import rate_distortion
from mmctr.content.quantizers.measured_fit import fit_and_measure
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.content.quantizers.stability import codebook_stability

KEYS = {
    "r2",
    "cosine",
    "usage",
    "perplexity",
    "dead_codes",
    "recall_at_10",
    "recall_at_50",
    "collision_rate",
    "unique_code_share",
    "bits_per_item",
    "entropy_bits",
    "levels",
    "warm",
    "cold",
    "positions",
    "codebook_size",
}


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

    assert result["unique_code_share"] == pytest.approx(len(set(rows)) / count)
    assert result["bits_per_item"] == pytest.approx(3 * np.log2(6))
    assert result["recall_at_10"] == pytest.approx(np.mean(recalls(vectors, decoded)))


def recalls(vectors, decoded, wanted: int = 10) -> list[float]:
    """Recall of each item, by sorting all cosines."""
    hits = []
    for item in range(len(vectors)):
        near = []
        for space in (cosines(vectors), cosines(decoded)):
            order = [other for other in np.argsort(-space[item]) if other != item]
            near.append(set(order[:wanted]))
        hits.append(len(near[0] & near[1]) / wanted)
    return hits


def test_recall_of_fifty_neighbours():
    vectors, codes, decoded = example(120, 8)
    found = health(vectors, codes, decoded)["recall_at_50"]
    assert found == pytest.approx(np.mean(recalls(vectors, decoded, 50)))


def test_items_not_in_train_are_measured_apart():
    vectors, codes, decoded = example(60, 6)
    cold = np.arange(60) % 3 == 0
    decoded[~cold] = vectors[~cold]
    codes[0] = codes[1]
    result = health(vectors, codes, decoded, cold=cold)
    assert (result["cold"]["items"], result["warm"]["items"]) == (20, 40)
    assert result["warm"]["r2"] == 1
    x = vectors.astype(float)
    errors = ((x - decoded) ** 2).sum(axis=1)
    totals = ((x - x.mean(axis=0)) ** 2).sum(axis=1)
    expected = 1 - errors[cold].sum() / totals[cold].sum()
    assert result["cold"]["r2"] == pytest.approx(expected)
    recall = np.mean(np.array(recalls(vectors, decoded))[cold])
    assert result["cold"]["recall_at_10"] == pytest.approx(recall)
    assert result["cold"]["collision_rate"] > 0
    assert result["cold"]["unique_code_share"] <= 1
    plain = health(vectors, codes, decoded)
    assert plain["cold"] is plain["warm"] is None
    assert plain["r2"] == pytest.approx(result["r2"])
    none = health(vectors, codes, decoded, cold=np.zeros(60, dtype=bool))
    assert none["cold"] is None
    assert none["warm"]["items"] == 60


def test_levels_tell_what_one_code_tells():
    """The mean of the items of a code, against a computation by hand."""
    vectors, codes, decoded = example(60, 7)
    codes[:, 1] = np.where(vectors[:, 0] > 0, 2, 5)
    codes[:, 2] = 4
    levels = health(vectors, codes, decoded)["levels"]
    x = vectors.astype(float)
    means = np.stack([x[codes[:, 1] == code].mean(axis=0) for code in codes[:, 1]])
    left = ((x - means) ** 2).sum() / ((x - x.mean(axis=0)) ** 2).sum()
    assert levels[1]["r2"] == pytest.approx(1 - left * 59 / 58)
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(means, axis=1)
    cosine = ((x * means).sum(axis=1) / lengths).mean()
    assert levels[1]["cosine"] == pytest.approx(cosine, rel=1e-5)
    assert levels[1]["dead_codes"] == 4
    assert levels[2]["r2"] == pytest.approx(0, abs=1e-9)
    assert levels[2]["perplexity"] == pytest.approx(1)
    # Codes that have nothing to do with the vectors explain nothing of them.
    assert abs(levels[0]["r2"]) < 0.1


def test_bits_and_r2_of_a_fitted_quantizer():
    vectors, _, _ = example(200, 9)
    params = QuantizationParams(seed=1, rq_kmeans={"levels": 2, "codebook_size": 8})
    fitted = fit_and_measure(vectors, None, params)
    bits, r2 = rate_distortion(fitted.quantizer, vectors)
    assert bits == fitted.health["bits_per_item"] == 6
    assert r2 == pytest.approx(fitted.health["r2"])


def test_two_fits_are_compared_by_groups_and_neighbours():
    vectors, codes, decoded = example(300, 10)
    renamed = np.array([0, 3, 1, 2, 6, 5, 4])[codes]
    same = codebook_stability((codes, decoded), (renamed, decoded), seed=0)
    assert same["neighbour_overlap_at_10"] == 1
    assert same["mutual_information"] == pytest.approx([1, 1, 1])
    _, others, far = example(300, 11)
    apart = codebook_stability((codes, decoded), (others, far), seed=0)
    assert apart["neighbour_overlap_at_10"] < 0.2
    assert max(np.abs(apart["mutual_information"])) < 0.1


def test_a_second_fit_is_made_only_where_it_is_asked_for():
    vectors, _, _ = example(80, 12)
    own = {"rq_kmeans": {"levels": 2, "codebook_size": 4}}
    plain = fit_and_measure(vectors, None, QuantizationParams(seed=1, **own))
    assert plain.health["stability"] is None
    asked = QuantizationParams(seed=1, health={"stability": True}, **own)
    stability = fit_and_measure(vectors, None, asked).health["stability"]
    assert 0 < stability["neighbour_overlap_at_10"] <= 1
    assert len(stability["mutual_information"]) == 2
    for name in ("fit_seconds", "encode_seconds"):
        assert plain.health[name] >= 0


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
    recalls = {"recall_at_10", "recall_at_50"}
    assert {k: v for k, v in first.items() if k not in recalls} == {
        k: v for k, v in everyone.items() if k not in recalls
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
    with pytest.raises(ValueError, match=r"cold \[19\]"):
        health(vectors, codes, decoded, cold=np.zeros(19, dtype=bool))
