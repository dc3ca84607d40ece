"""Vectors rebuilt from codes: what codes keep of them, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import N_ITEMS, ctr_params, random_table, with_vectors

from mmctr.content.quantizers.reconstruction import reconstruct_from_codes
from mmctr.ctr.models.din.model import Din

SEEDS = st.integers(0, 2**31)


@given(seed=SEEDS, levels=st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_equal_codes_have_equal_vectors_and_more_codes_lose_less(seed, levels):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(80, 5)).astype(np.float32)
    codes = rng.integers(1, 4, (80, levels))
    vectors[[0, 3]] = 0
    codes[[0, 7]] = 0
    found = reconstruct_from_codes(vectors, codes)
    assert not found[[0, 3, 7]].any()
    there = np.setdiff1d(np.arange(80), [0, 3, 7])
    _, groups = np.unique(codes[there], axis=0, return_inverse=True)
    for group in np.unique(groups):
        same = found[there][groups.ravel() == group]
        np.testing.assert_allclose(same, np.broadcast_to(same[0], same.shape))
    errors = [
        np.square(vectors - reconstruct_from_codes(vectors, codes[:, :kept]))[
            there
        ].sum()
        for kept in range(1, levels + 1)
    ]
    assert (np.diff(errors) <= 1e-3).all()


def test_residual_codes_give_their_codewords_back():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(3, 6)) * 5, rng.normal(size=(4, 6))
    # Every pair once: what a level leaves over is the other's, around its mean.
    pairs = np.array([(a, b) for a in range(3) for b in range(4)])
    vectors = np.zeros((13, 6), np.float32)
    vectors[1:] = first[pairs[:, 0]] + second[pairs[:, 1]]
    codes = np.zeros((13, 2), np.int64)
    codes[1:] = pairs + 1
    np.testing.assert_allclose(
        reconstruct_from_codes(vectors, codes), vectors, atol=1e-5
    )


@pytest.mark.parametrize("content", ["continuous", "similarity"])
def test_the_model_sees_what_codes_stand_for(content):
    rng = np.random.default_rng(1)
    table = with_vectors(rng, random_table(rng))
    features = {"content": content, "vectors": "decoded"}
    seen = np.arange(N_ITEMS + 1) > 0
    found = Din(table, seen, ctr_params(features=features))
    decoded = replace(
        table,
        vectors={
            name: reconstruct_from_codes(own, table.codes[name])
            for name, own in table.vectors.items()
        },
    )
    expected = Din(decoded, seen, ctr_params(features={"content": content}))
    if content == "similarity":
        one, two = (
            model.comparisons["title_similarity"].unit for model in (found, expected)
        )
    else:
        one, two = (
            model.items.features["title_vector"].inputs for model in (found, expected)
        )
    np.testing.assert_array_equal(one.numpy(), two.numpy())
    own = Din(table, seen, ctr_params(features={"content": content}))
    if content == "continuous":
        assert not np.array_equal(
            own.items.features["title_vector"].inputs.numpy(), one.numpy()
        )


def test_decoded_vectors_without_codes_are_refused():
    rng = np.random.default_rng(1)
    table = with_vectors(rng, random_table(rng))
    without = replace(
        table, codes=table.codes | {"title": np.zeros((N_ITEMS + 1, 0), np.int64)}
    )
    features = {"content": "continuous", "vectors": "decoded"}
    with pytest.raises(ValueError, match="decoded needs codes"):
        Din(without, np.arange(N_ITEMS + 1) > 0, ctr_params(features=features))
