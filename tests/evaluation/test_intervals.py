"""The bootstrap over users."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_intervals import own_intervals, paired_intervals
from sklearn.metrics import roc_auc_score

from mmctr.evaluation import (
    EvaluationParams,
    auc,
    detectable_difference,
    gauc,
    percentile_interval,
    resample_metrics,
)
from mmctr.evaluation.resampling import user_draws
from mmctr.evaluation.weighted import WeightedAuc


def click_log(n_users, seed, signal=1.0):
    """Two groups a user of one positive and three negatives, with two scores."""
    rng = np.random.default_rng(seed)
    labels = np.tile([1, 0, 0, 0], 2 * n_users)
    users = np.repeat(np.arange(n_users), 8)
    groups = np.repeat(np.arange(2 * n_users), 4)
    taste = np.repeat(rng.normal(size=n_users), 8)
    model = signal * labels + taste + rng.normal(size=len(labels))
    baseline = 0.3 * labels + taste + rng.normal(size=len(labels))
    return labels, model.round(1), baseline.round(1), groups, users


def repeated(counts, users, groups):
    """Rows of a drawn resample; every copy of a user has groups of its own."""
    rows, copies = [], []
    for user, count in enumerate(counts.astype(int)):
        for copy in range(count):
            inside = np.flatnonzero(users == user)
            rows.append(inside)
            copies.append(np.array([f"{g}/{copy}" for g in groups[inside]]))
    return np.concatenate(rows), np.concatenate(copies)


def test_every_resample_equals_metrics_of_the_repeated_rows():
    labels, model, baseline, groups, users = click_log(12, seed=0)
    # Uneven groups, and one without a positive.
    random = np.random.default_rng(3).random(len(labels))
    keep = (random < 0.8) & ~((groups == 5) & (labels == 1))
    labels, model, baseline, groups, users = (
        column[keep] for column in (labels, model, baseline, groups, users)
    )
    params = EvaluationParams(resamples=25, seed=4)
    resampled = resample_metrics(labels, [model, baseline], groups, users, params)
    for draw, counts in enumerate(user_draws(12, params)):
        rows, copies = repeated(counts, users, groups)
        for column, scores in enumerate((model, baseline)):
            assert resampled.auc[draw, column] == pytest.approx(
                auc(labels[rows], scores[rows])
            )
            assert resampled.gauc[draw, column] == pytest.approx(
                gauc(labels[rows], scores[rows], copies)
            )


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 4), st.integers(0, 5)),
        min_size=1,
        max_size=40,
    ),
    st.lists(st.integers(0, 3), min_size=6, max_size=6),
)
def test_weighted_auc_equals_sklearn(rows, counts):
    labels, scores, users = (np.array(column) for column in zip(*rows, strict=True))
    weights = np.array(counts, dtype=float)
    value = WeightedAuc.prepare(labels, scores.astype(float), users)(weights)
    inside = weights[users] > 0
    if len(set(labels[inside])) < 2:
        assert np.isnan(value)
    else:
        expected = roc_auc_score(labels, scores, sample_weight=weights[users])
        assert value == pytest.approx(expected)


def test_draws_take_as_many_users_as_there_are_and_follow_the_seed():
    draws = list(user_draws(50, EvaluationParams(resamples=20, seed=1)))
    again = list(user_draws(50, EvaluationParams(resamples=20, seed=1)))
    other = list(user_draws(50, EvaluationParams(resamples=20, seed=2)))
    assert len(draws) == 20
    assert all(counts.sum() == 50 for counts in draws)
    assert np.array_equal(draws, again)
    assert not np.array_equal(draws, other)


def test_interval_of_a_metric_covers_the_truth_about_as_often_as_it_says():
    params = EvaluationParams(resamples=200, confidence=0.9, seed=0)
    labels, model, _, groups, _ = click_log(20_000, seed=99)
    truth = gauc(labels, model, groups)
    inside = 0
    for seed in range(120):
        labels, model, _, groups, users = click_log(60, seed)
        low, high = own_intervals(labels, model, groups, users, params).gauc
        inside += low <= truth <= high
    # Binomial(120, 0.9): 108 on average, standard deviation 3.3.
    assert 95 <= inside <= 118


def test_paired_interval_finds_the_better_score_and_only_that():
    labels, model, baseline, groups, users = click_log(400, seed=5)
    params = EvaluationParams(resamples=300, seed=6)
    better = paired_intervals(labels, model, baseline, groups, users, params)
    worse = paired_intervals(labels, baseline, model, groups, users, params)
    same = paired_intervals(labels, model, model, groups, users, params)
    assert better.auc[0] > 0 and better.gauc[0] > 0
    assert worse.auc == pytest.approx([-better.auc[1], -better.auc[0]])
    assert worse.gauc == pytest.approx([-better.gauc[1], -better.gauc[0]])
    assert same.auc == [0, 0] and same.gauc == [0, 0]


def test_pairing_narrows_the_difference_of_correlated_scores():
    labels, model, _, groups, users = click_log(200, seed=7)
    noise = np.random.default_rng(8).normal(scale=0.2, size=len(labels))
    params = EvaluationParams(resamples=300, seed=9)
    own = own_intervals(labels, model, groups, users, params).auc
    paired = paired_intervals(labels, model + noise, model, groups, users, params).auc
    assert paired[1] - paired[0] < 0.5 * (own[1] - own[0])


def test_whole_users_are_drawn():
    # The same rows of 20 users count for less than of 400: copies inside a user tell
    # nothing new.
    labels, model, _, groups, users = click_log(20, seed=10)
    many = [np.tile(column, 20) for column in (labels, model)]
    shift = np.repeat(np.arange(20), len(labels)) * 1000
    apart = np.tile(groups, 20) + shift
    params = EvaluationParams(resamples=300, seed=11)
    clustered = own_intervals(*many, apart, np.tile(users, 20), params).gauc
    single = own_intervals(labels, model, groups, users, params).gauc
    as_if_new = own_intervals(*many, apart, np.tile(users, 20) + shift, params).gauc
    assert clustered == pytest.approx(single)
    assert as_if_new[1] - as_if_new[0] < 0.5 * (single[1] - single[0])


def test_permuting_rows_leaves_the_intervals():
    labels, model, baseline, groups, users = click_log(50, seed=12)
    names = np.array([f"user {u}" for u in users], dtype=object)
    order = np.random.default_rng(13).permutation(len(labels))
    params = EvaluationParams(resamples=50, seed=14)
    one = paired_intervals(labels, model, baseline, groups, names, params)
    other = paired_intervals(
        *(column[order] for column in (labels, model, baseline, groups, names)), params
    )
    assert one.auc == pytest.approx(other.auc)
    assert one.gauc == pytest.approx(other.gauc)


def test_monotone_transform_leaves_the_intervals():
    labels, model, baseline, groups, users = click_log(50, seed=15)
    params = EvaluationParams(resamples=50, seed=16)
    one = paired_intervals(labels, model, baseline, groups, users, params)
    other = paired_intervals(labels, model**3, baseline, groups, users, params)
    assert one == other


def test_percentiles_of_known_values():
    values = np.arange(101.0)
    assert percentile_interval(values, 0.9) == pytest.approx([5, 95])
    values[:5] = np.nan
    assert percentile_interval(values, 0.9) is not None
    values[:20] = np.nan
    assert percentile_interval(values, 0.9) is None
    assert percentile_interval(np.array([]), 0.9) is None


@pytest.mark.parametrize(
    "rows",
    [
        ([], [], [], []),
        ([1, 1, 1], [0.1, 0.2, 0.3], [1, 2, 3], [1, 2, 3]),
        # A single user: the spread over users is unknown.
        ([1, 0, 1], [0.1, 0.2, 0.3], [1, 1, 1], [1, 1, 1]),
    ],
)
def test_undefined_intervals_are_none(rows):
    intervals = own_intervals(*rows, EvaluationParams(resamples=20, seed=0))
    assert intervals.auc is None and intervals.gauc is None


def test_rare_positives_give_no_interval():
    labels = np.array([1] + [0] * 9)
    rows = np.arange(10)
    params = EvaluationParams(resamples=200, seed=0)
    # A third of the resamples misses the only positive user.
    assert own_intervals(labels, rows, rows, rows, params).auc is None


def test_group_of_two_users_is_refused():
    params = EvaluationParams(resamples=5, seed=0)
    with pytest.raises(ValueError, match=r"groups, row \d: group g has rows of more"):
        own_intervals([1, 0, 1], [1, 2, 3], ["g", "g", "h"], [1, 2, 2], params)


def test_bad_rows_are_named():
    params = EvaluationParams(resamples=5, seed=0)
    with pytest.raises(ValueError, match="scores, row 1"):
        paired_intervals([1, 0], [1, 2], [1, np.nan], [1, 1], [1, 1], params)
    with pytest.raises(ValueError, match="users has shape"):
        own_intervals([1, 0], [1, 2], [1, 1], [1], params)


def test_the_detectable_difference_is_found_at_its_power():
    """A true difference of that size leaves zero out of 80 % of the intervals."""
    rng = np.random.default_rng(0)
    error = 0.01
    size = detectable_difference(rng.normal(0, error, 50_000), 0.95, 0.8)
    measured = rng.normal(size, error, 50_000)
    found = (np.abs(measured) > 1.96 * error).mean()
    assert found == pytest.approx(0.8, abs=0.01)


def test_nothing_is_detectable_where_nothing_is_defined():
    assert detectable_difference(np.full(10, np.nan), 0.95, 0.8) is None
