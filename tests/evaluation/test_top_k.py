"""The first rows of each group, beside a slow loop over all orders of ties."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from mmctr.evaluation import EvaluationParams
from mmctr.evaluation.resampling import UserRows, resample
from mmctr.evaluation.top_k import CUTS, TOP_MEASURES, first_rows

GROUP = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), max_size=5)


def by_all_orders(group, cut):
    """Hit rate and NDCG of one group, over all orders that its scores allow."""
    hits, gains = [], []
    best = sum(1 / np.log2(2 + n) for n in range(min(cut, sum(y for y, _ in group))))
    for order in permutations(group):
        if any(s < t for (_, s), (_, t) in zip(order, order[1:], strict=False)):
            continue
        first = [y for y, _ in order[:cut]]
        hits.append(any(first))
        gains.append(sum(y / np.log2(2 + n) for n, y in enumerate(first)) / best)
    return np.mean(hits), np.mean(gains)


@settings(deadline=None, max_examples=60)
@given(st.lists(GROUP, min_size=1, max_size=4), st.integers(1, 4), st.randoms())
def test_ties_count_as_the_mean_over_their_orders(world, cut, random):
    rows = [(y, s, n) for n, group in enumerate(world) for y, s in group]
    random.shuffle(rows)
    labels, scores, groups = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    found = first_rows(labels, scores.astype(float), groups, cut)
    counted = [n for n, x in enumerate(world) if len(x) > cut and any(y for y, _ in x)]
    assert found.groups.tolist() == counted
    for place, number in enumerate(counted):
        hit, ndcg = by_all_orders(world[number], cut)
        assert found.hit[place] == pytest.approx(hit)
        assert found.ndcg[place] == pytest.approx(ndcg)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from(CUTS))
def test_ndcg_is_that_of_scikit_learn(seed, cut):
    rng = np.random.default_rng(seed)
    labels = np.append(rng.integers(0, 2, 30), 1)
    scores = rng.integers(0, 8, 31).astype(float)
    found = first_rows(labels, scores, np.zeros(31, np.int64), cut)
    assert found.ndcg[0] == pytest.approx(ndcg_score([labels], [scores], k=cut))


@given(st.integers(0, 2**32 - 1))
def test_scores_of_the_same_order_are_as_good(seed):
    rng = np.random.default_rng(seed)
    labels, groups = rng.integers(0, 2, 60), rng.integers(0, 4, 60)
    scores = rng.integers(0, 9, 60).astype(float)
    for one, other in zip(
        first_rows(labels, scores, groups, 5),
        first_rows(labels, np.exp(3 * scores), groups, 5),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_means_are_over_groups_and_resampled_by_users():
    # Two users: one with a group that is right, one with two groups that are wrong.
    labels = np.tile([1, *[0] * 6], 3)
    scores = np.concatenate([np.arange(7)[::-1], np.arange(7), np.arange(7)])
    groups, users = np.repeat([0, 1, 2], 7), np.repeat([0, 1, 1], 7)
    rows = UserRows.of(labels, groups, users)
    measure = rows.top(scores.astype(float))
    found = dict(zip(TOP_MEASURES, measure(np.ones(2)), strict=True))
    assert found["hit_rate_at_5"] == pytest.approx(1 / 3)
    assert found["ndcg_at_5"] == pytest.approx(1 / 3)
    assert np.isnan(found["hit_rate_at_10"])
    drawn = resample({"top": measure}, 2, EvaluationParams(resamples=40, seed=1))
    assert set(drawn["top"][:, 0].round(4)) == {0.0, 0.3333, 1.0}


def test_a_group_counts_as_the_mean_weight_of_its_rows():
    labels, groups = np.tile([1, *[0] * 6], 2), np.repeat([0, 1], 7)
    scores = np.concatenate([np.arange(7)[::-1], np.arange(7)]).astype(float)
    rows = UserRows.of(labels, groups, groups, np.repeat([3.0, 1.0], 7))
    assert rows.top(scores)(np.ones(2))[0] == pytest.approx(3 / 4)
