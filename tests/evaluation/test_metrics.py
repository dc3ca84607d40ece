"""Ranking and calibration measures against scikit-learn and plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss, roc_auc_score

from mmctr.evaluation.metrics import (
    auc,
    calibrated_error,
    expected_calibration_error,
    gauc,
    group_pairs,
    logloss,
    normalized_entropy,
)

# Few distinct scores, so that most examples have ties.
ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(-4, 4), st.integers(0, 5)),
    min_size=1,
    max_size=60,
)


def columns(rows):
    """Labels, scores and groups of drawn rows."""
    labels, scores, groups = (np.array(column) for column in zip(*rows, strict=True))
    return labels, scores / 4, groups


def gauc_by_loop(labels, scores, groups):
    """The definition, one group at a time."""
    total = weight = 0.0
    for group in set(groups.tolist()):
        inside = groups == group
        if len(set(labels[inside])) == 2:
            area = roc_auc_score(labels[inside], scores[inside])
            total += inside.sum() * area
            weight += inside.sum()
    return total / weight if weight else None


@settings(deadline=None)
@given(ROWS)
def test_auc_equals_sklearn(rows):
    labels, scores, _ = columns(rows)
    if len(set(labels)) < 2:
        assert auc(labels, scores) is None
    else:
        assert auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))


@settings(deadline=None)
@given(ROWS)
def test_gauc_equals_a_loop_over_groups(rows):
    labels, scores, groups = columns(rows)
    expected = gauc_by_loop(labels, scores, groups)
    assert gauc(labels, scores, groups) == (
        None if expected is None else pytest.approx(expected)
    )


@settings(deadline=None)
@given(ROWS)
def test_monotone_transform_leaves_the_ranking_measures(rows):
    labels, scores, groups = columns(rows)
    transformed = np.exp(3 * scores) - 7
    assert auc(labels, transformed) == auc(labels, scores)
    assert gauc(labels, transformed, groups) == gauc(labels, scores, groups)


@settings(deadline=None)
@given(ROWS, st.randoms(use_true_random=False), st.integers(1, 20))
def test_permuting_rows_leaves_every_measure(rows, random, bins):
    shuffled = list(rows)
    random.shuffle(shuffled)
    values = []
    for labels, scores, groups in (columns(rows), columns(shuffled)):
        probabilities = (scores + 1) / 2
        values.append(
            (
                auc(labels, scores),
                gauc(labels, scores, groups),
                logloss(labels, probabilities),
                normalized_entropy(labels, probabilities),
                expected_calibration_error(labels, probabilities, bins),
            )
        )
    for one, other in zip(*values, strict=True):
        assert one == (None if other is None else pytest.approx(other))


def test_reversed_scores_mirror_the_auc():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 200), rng.integers(0, 9, 200)
    assert auc(labels, -scores) == pytest.approx(1 - auc(labels, scores))


def test_group_pairs_counts_one_group_a_sorted_value():
    counts = group_pairs(
        [1, 0, 0, 1, 1, 0], [2, 1, 2, 5, 5, 0], ["b", "b", "b", "a", "a", "c"]
    )
    assert counts.rows.tolist() == [2, 3, 1]
    assert counts.pairs.tolist() == [0, 2, 0]
    assert counts.ordered.tolist() == [0.0, 1.5, 0.0]


def test_gauc_takes_groups_of_any_hashable_type():
    labels, scores = [1, 0, 1, 0, 0], [0.9, 0.1, 0.2, 0.8, 0.8]
    mixed = np.array([("u", 1), ("u", 1), "1", "1", "1"], dtype=object)
    assert gauc(labels, scores, mixed) == pytest.approx(
        gauc(labels, scores, [7, 7, 8, 8, 8])
    )
    # The text "1" and the number 1 are two groups, each of one class here.
    assert gauc([1, 0], [0.9, 0.1], np.array(["1", 1], dtype=object)) is None


def test_logloss_equals_sklearn_also_at_the_ends():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 500)
    probabilities = np.concatenate([rng.random(498), [0.0, 1.0]])
    assert logloss(labels, probabilities) == pytest.approx(
        log_loss(labels, probabilities)
    )
    wrong_and_sure = logloss([1, 0], [0.0, 1.0])
    assert np.isfinite(wrong_and_sure) and wrong_and_sure > 30


def test_normalized_entropy_of_the_base_rate_is_one():
    labels = np.array([1, 0, 0, 0])
    assert normalized_entropy(labels, np.full(4, 0.25)) == pytest.approx(1)
    assert normalized_entropy(labels, [0.7, 0.1, 0.1, 0.1]) < 1
    assert normalized_entropy(labels, [0.1, 0.7, 0.7, 0.7]) > 1


def test_calibration_error_of_known_bins():
    labels = np.array([0, 1, 1, 1])
    probabilities = np.array([0.2, 0.4, 0.6, 0.8])
    # Bins {.2, .4} and {.6, .8}: rates .5 and 1 against means .3 and .7.
    assert expected_calibration_error(labels, probabilities, 2) == pytest.approx(0.25)
    assert expected_calibration_error(labels, probabilities, 1) == pytest.approx(0.25)
    # More bins than rows: every row is a bin.
    assert expected_calibration_error(labels, probabilities, 99) == pytest.approx(
        (0.2 + 0.6 + 0.4 + 0.2) / 4
    )


def test_calibration_error_ignores_the_order_inside_ties():
    labels = np.array([1] * 25 + [0] * 75)
    assert expected_calibration_error(labels, np.full(100, 0.25)) == pytest.approx(0)


def test_calibrated_probabilities_have_a_small_calibration_error():
    rng = np.random.default_rng(2)
    probabilities = rng.random(50_000)
    labels = rng.random(50_000) < probabilities
    assert expected_calibration_error(labels, probabilities) < 0.02
    assert expected_calibration_error(labels, probabilities**2) > 0.1


@pytest.mark.parametrize("bins", [1, 15])
@pytest.mark.parametrize("rows", [3_000, 30_000])
def test_the_error_of_calibrated_probabilities_is_that_of_chance(rows, bins):
    """The gap of a bin is nearly normal, with the variance of a sum of coins."""
    p = np.sort(np.random.default_rng(3).beta(1, 3, rows))
    spread = [np.sqrt((x * (1 - x)).sum()) / rows for x in np.split(p, bins)]
    mean, high = calibrated_error(p, bins, 0.95, seed=0)
    assert mean == pytest.approx(np.sqrt(2 / np.pi) * np.sum(spread), rel=0.2)
    gaps = np.abs(np.random.default_rng(4).normal(0, spread, (10_000, bins)))
    assert high == pytest.approx(np.quantile(gaps.sum(1), 0.95), rel=0.2)
    assert calibrated_error(p, bins, 0.95, seed=0) == [mean, high]


def test_equal_probabilities_share_their_chance():
    """Their bins have one gap, that of all rows."""
    alike = np.full(3000, 0.25)
    assert calibrated_error(alike, 15, 0.95, 0) == pytest.approx(
        calibrated_error(alike, 1, 0.95, 0)
    )
    assert calibrated_error([], 15, 0.95, 0) is None
    assert calibrated_error([0.0, 1.0], 15, 0.95, 0) == [0, 0]


@pytest.mark.parametrize("labels", [[], [0, 0], [1, 1]])
def test_one_class_or_no_rows_has_no_ranking(labels):
    scores = np.linspace(0.1, 0.9, len(labels))
    assert auc(labels, scores) is None
    assert gauc(labels, scores, np.zeros(len(labels))) is None
    assert normalized_entropy(labels, scores) is None
    assert (logloss(labels, scores) is None) == (not labels)
    assert (expected_calibration_error(labels, scores) is None) == (not labels)


def test_both_classes_but_never_in_one_group_have_no_gauc():
    assert gauc([1, 0], [0.9, 0.1], [1, 2]) is None


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([0, 1, 2], [0.1, 0.2, 0.3], "labels, row 2: 2.0 is neither 0 nor 1"),
        ([0, np.nan], [0.1, 0.2], "labels, row 1: nan"),
        ([0, None], [0.1, 0.2], "labels, row 1: nan"),
        ([0, "no"], [0.1, 0.2], "labels can't be read as numbers"),
        ([[0, 1]], [0.1, 0.2], "labels has shape"),
        ([0, 1], [0.1, np.inf], "scores, row 1: inf is not a finite"),
        ([0, 1], [0.1], r"scores has shape \(1,\), expected \(2,\)"),
    ],
)
def test_bad_rows_are_named(labels, scores, message):
    with pytest.raises(ValueError, match=message):
        auc(labels, scores)


def test_bad_groups_probabilities_and_bins_are_named():
    with pytest.raises(ValueError, match="groups has shape"):
        gauc([0, 1], [0.1, 0.2], [1, 2, 3])
    with pytest.raises(ValueError, match="probabilities, row 1: -3.5 lies outside"):
        logloss([0, 1], [0.5, -3.5])
    with pytest.raises(ValueError, match="probabilities, row 0: nan"):
        expected_calibration_error([0, 1], [np.nan, 0.5])
    with pytest.raises(ValueError, match="bins is 0"):
        expected_calibration_error([0, 1], [0.5, 0.5], bins=0)
