"""Warm and cold targets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from mmctr.evaluation import auc, clean_cold_auc, unseen_in_train, warm_auc

ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 4), st.integers(0, 4), st.booleans()),
    min_size=1,
    max_size=50,
)


def clean_cold_by_loop(labels, scores, groups, cold):
    """The definition, one pair at a time."""
    right, pairs = 0.0, 0
    for i in np.flatnonzero((labels == 1) & cold):
        for j in np.flatnonzero((labels == 0) & cold & (groups == groups[i])):
            pairs += 1
            right += 0.5 * (scores[i] > scores[j]) + 0.5 * (scores[i] >= scores[j])
    return (right / pairs if pairs else None), pairs


@settings(deadline=None)
@given(ROWS)
def test_clean_cold_equals_a_loop_over_pairs(rows):
    labels, scores, groups, cold = (np.array(c) for c in zip(*rows, strict=True))
    value, pairs = clean_cold_auc(labels, scores, groups, cold)
    expected, expected_pairs = clean_cold_by_loop(labels, scores, groups, cold)
    assert pairs == expected_pairs
    assert value == (None if expected is None else pytest.approx(expected))


def test_clean_cold_is_half_where_only_the_share_of_cold_rows_tells():
    # Groups of cold positives have few cold negatives: pooled, constants per group
    # look informative; inside a group they say nothing.
    labels = np.array([1, 0, 1, 0, 0, 0, 0])
    groups = np.array([1, 1, 2, 2, 3, 3, 3])
    scores = np.array([0.9, 0.9, 0.8, 0.8, 0.1, 0.1, 0.1])
    cold = np.ones(7, dtype=bool)
    assert auc(labels, scores) > 0.75
    assert clean_cold_auc(labels, scores, groups, cold) == (0.5, 2)


def test_cold_is_neither_target_nor_in_a_history_of_train():
    items = np.array([1, 2, 3, 4, 3])
    cold = unseen_in_train(items, np.array([1, 5]), np.array([2, 2, 5]))
    assert cold.tolist() == [False, False, True, True, True]
    everything = unseen_in_train(items, np.array([], int), np.array([], int))
    assert everything.all()


def test_warm_auc_is_the_auc_of_the_other_rows():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 100), rng.random(100)
    cold = rng.random(100) < 0.4
    assert warm_auc(labels, scores, cold) == pytest.approx(
        roc_auc_score(labels[~cold], scores[~cold])
    )
    assert warm_auc(labels, scores, np.ones(100, dtype=bool)) is None


def test_errors_name_the_row_of_the_whole_split():
    cold = np.array([True, False, True])
    with pytest.raises(ValueError, match="labels, row 2"):
        clean_cold_auc([0, 1, 3], [0.1, 0.2, 0.3], [1, 1, 1], cold)
    with pytest.raises(ValueError, match="scores, row 1"):
        warm_auc([0, 1, 1], [0.1, np.nan, 0.3], cold)
    with pytest.raises(ValueError, match="groups has shape"):
        clean_cold_auc([0, 1, 1], [0.1, 0.2, 0.3], [1, 1], cold)
    with pytest.raises(ValueError, match="cold has shape"):
        warm_auc([0, 1, 1], [0.1, 0.2, 0.3], cold[:2])
