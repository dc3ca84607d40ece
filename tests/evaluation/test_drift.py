"""The index of stability, by its definition and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmctr.evaluation.drift import chance_index, stability_index


def test_equal_shares_are_stable_and_others_as_computed_by_hand():
    assert stability_index([0.25, 0.75], [10, 30]) == pytest.approx(0)
    expected = (0.5 - 0.25) * np.log(0.5 / 0.25) + (0.5 - 0.75) * np.log(0.5 / 0.75)
    assert stability_index([0.25, 0.75], [7, 7]) == pytest.approx(expected)
    assert stability_index([0.5, 0.5], [0, 0]) is None


@given(
    st.lists(st.integers(0, 50), min_size=2, max_size=8).filter(any),
    st.integers(0, 2**32),
)
def test_the_index_is_never_negative_and_finite(counts, seed):
    shares = np.random.default_rng(seed).dirichlet(np.ones(len(counts)))
    found = stability_index(shares, counts)
    assert found is not None
    assert 0 <= found < np.inf


def test_two_draws_of_one_distribution_have_the_index_of_chance():
    rng = np.random.default_rng(0)
    shares = np.array([0.1, 0.2, 0.3, 0.4])
    drawn = [
        stability_index(
            rng.multinomial(2000, shares) / 2000, rng.multinomial(1000, shares)
        )
        for _ in range(300)
    ]
    assert np.mean(drawn) == pytest.approx(chance_index(4, 2000, 1000), rel=0.15)
    assert chance_index(4, 0, 1000) is None
