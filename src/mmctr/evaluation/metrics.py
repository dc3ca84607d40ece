"""Ranking and calibration measures of one split; undefined ones are ``None``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmctr.evaluation.inputs import (
    checked_labels,
    checked_probabilities,
    checked_scores,
    factorise,
)

Weights = NDArray[np.float64] | None
"""How much each row counts ``[R]``, above 0; None: all the same."""

LABEL_DRAWS = 200
"""Draws of labels behind the error that calibrated probabilities would show."""


@dataclass(frozen=True)
class GroupPairs:
    """Pairs of a positive and a negative row in each of ``G`` groups, by their ids."""

    rows: NDArray[Any]
    """Rows of the group ``[G]``, or the sum of their weights."""
    pairs: NDArray[Any]
    """Positives times negatives ``[G]``, or the sum of their weights; 0 where the group
    has one class."""
    ordered: NDArray[np.float64]
    """Pairs whose positive scores higher ``[G]``; a tie counts one half."""


def group_pairs(
    labels: ArrayLike,
    scores: ArrayLike,
    groups: ArrayLike,
    weights: Weights = None,
) -> GroupPairs:
    """Count the correctly ordered pairs of every group, all groups at once.

    Args:
        labels: ``[R]`` of 0 and 1.
        scores: ``[R]`` finite; higher means likelier.
        groups: ``[R]`` of any hashable type.
        weights: How much each row counts ``[R]``, a pair as much as the product of its
            rows'; None: all 1.

    Returns:
        The counts of each group. ``ordered / pairs`` is the AUC of a group
        (Mann-Whitney U statistic, Mann and Whitney, 1947).

    Raises:
        ValueError: If lengths differ, a label is not 0/1, or a score not finite.
    """
    y = checked_labels(labels)
    s = checked_scores(scores, len(y))
    codes = factorise("groups", groups, len(y))
    if not len(y):
        return GroupPairs(y, y.copy(), s)
    n_groups = int(codes.max()) + 1
    order = np.lexsort((s, codes))
    y, s, codes = y[order], s[order], codes[order]
    clicks, others = y, 1 - y
    if weights is not None:
        clicks, others = clicks * weights[order], others * weights[order]

    # A block is a run of rows of one group with one score: its pairs are ties.
    new_group = np.diff(codes) != 0
    starts = np.concatenate(([0], np.flatnonzero(new_group | (np.diff(s) != 0)) + 1))
    block_group = codes[starts]
    positives = np.add.reduceat(clicks, starts)
    negatives = np.add.reduceat(others, starts)
    negatives_before = np.cumsum(negatives) - negatives
    first_block = np.searchsorted(block_group, np.arange(n_groups))
    below = negatives_before - negatives_before[first_block][block_group]
    ordered = positives * (below + negatives / 2)

    first_row = np.searchsorted(codes, np.arange(n_groups))
    group_positives = np.add.reduceat(clicks, first_row)
    group_negatives = np.add.reduceat(others, first_row)
    return GroupPairs(
        rows=group_positives + group_negatives,
        pairs=group_positives * group_negatives,
        ordered=np.bincount(block_group, ordered, minlength=n_groups),
    )


def auc(labels: ArrayLike, scores: ArrayLike, weights: Weights = None) -> float | None:
    """Compute the area under the ROC curve; ties count one half.

    Args:
        labels: ``[R]`` of 0 and 1.
        scores: ``[R]`` finite.
        weights: How much each row counts ``[R]``; None: all the same.

    Returns:
        The area, or ``None`` where the rows hold only one class.

    Raises:
        ValueError: If lengths differ, a label is not 0/1, or a score not finite.
    """
    one_group = np.zeros(np.size(np.asarray(labels)), dtype=np.int64)
    counts = group_pairs(labels, scores, one_group, weights)
    pairs = counts.pairs.sum()
    return float(counts.ordered.sum() / pairs) if pairs else None


def gauc(
    labels: ArrayLike,
    scores: ArrayLike,
    groups: ArrayLike,
    weights: Weights = None,
) -> float | None:
    """Compute the mean AUC of the groups with both classes, weighted by their rows.

    The AUC that DIN reports (Zhou et al., 2018), with rows as impressions.

    Args:
        labels: ``[R]`` of 0 and 1.
        scores: ``[R]`` finite.
        groups: ``[R]`` of any hashable type.
        weights: How much each row counts ``[R]``; None: all the same.

    Returns:
        The weighted mean, or ``None`` where no group has both classes.

    Raises:
        ValueError: If lengths differ, a label is not 0/1, or a score not finite.
    """
    counts = group_pairs(labels, scores, groups, weights)
    mixed = counts.pairs > 0
    if not mixed.any():
        return None
    group_auc = counts.ordered[mixed] / counts.pairs[mixed]
    return float(np.average(group_auc, weights=counts.rows[mixed]))


def logloss(
    labels: ArrayLike, probabilities: ArrayLike, weights: Weights = None
) -> float | None:
    """Compute the mean negative log-likelihood in nats.

    Probabilities are kept one float64 epsilon away from 0 and 1, as scikit-learn does.

    Args:
        labels: ``[R]`` of 0 and 1.
        probabilities: ``[R]`` in 0..1.
        weights: How much each row counts ``[R]``; None: all the same.

    Returns:
        The loss, or ``None`` without rows.

    Raises:
        ValueError: If lengths differ, a label is not 0/1, or a probability not in 0..1.
    """
    y = checked_labels(labels)
    p = checked_probabilities(probabilities, len(y))
    return float(np.average(row_losses(y, p), weights=weights)) if len(y) else None


def row_losses(
    labels: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute the negative log-likelihood of each row ``[R]`` in nats."""
    epsilon = np.finfo(np.float64).eps
    p = np.clip(probabilities, epsilon, 1 - epsilon)
    return -np.where(labels == 1, np.log(p), np.log1p(-p))


def normalized_entropy(
    labels: ArrayLike, probabilities: ArrayLike, weights: Weights = None
) -> float | None:
    """Compute the logloss as a share of the entropy of the rows' own base rate.

    Below 1 is better than always predicting the base rate (He et al., 2014).

    Args:
        labels: ``[R]`` of 0 and 1.
        probabilities: ``[R]`` in 0..1.
        weights: How much each row counts ``[R]``; None: all the same.

    Returns:
        The ratio, or ``None`` where the rows hold only one class (entropy 0).

    Raises:
        ValueError: If lengths differ, a label is not 0/1, or a probability not in 0..1.
    """
    loss = logloss(labels, probabilities, weights)
    if loss is None:
        return None
    rate = np.average(checked_labels(labels), weights=weights)
    entropy = binary_entropy(float(rate))
    return None if np.isnan(entropy) else loss / entropy


def binary_entropy(rate: float) -> float:
    """Compute the entropy of a click rate in nats; NaN where it is 0 or 1."""
    if not 0 < rate < 1:
        return float("nan")
    return float(-rate * np.log(rate) - (1 - rate) * np.log1p(-rate))


def expected_calibration_error(
    labels: ArrayLike,
    probabilities: ArrayLike,
    bins: int = 15,
    weights: Weights = None,
) -> float | None:
    """Compute the gap of click rate and mean probability over equal-mass bins.

    Bins hold the same number of rows, give or take one (Nguyen and O'Connor, 2015);
    gaps are averaged by rows. Rows of one probability share their mean label, so the
    order of ties at the border of two bins does not matter.

    Args:
        labels: ``[R]`` of 0 and 1.
        probabilities: ``[R]`` in 0..1.
        bins: Number of bins; no more are used than there are rows.
        weights: How much each row counts ``[R]``; None: all the same.

    Returns:
        The error in 0..1, or ``None`` without rows.

    Raises:
        ValueError: If lengths differ, a label is not 0/1, a probability not in 0..1, or
            ``bins`` is below 1.
    """
    y = checked_labels(labels)
    p = checked_probabilities(probabilities, len(y))
    error_of = _calibration_error_of(p, bins, weights)
    return error_of(y) if len(y) else None


def calibrated_error(
    probabilities: ArrayLike,
    bins: int,
    confidence: float,
    seed: int,
    weights: Weights = None,
) -> list[float] | None:
    """Compute the calibration error that calibrated probabilities would show by chance.

    Labels are drawn with these probabilities, :data:`LABEL_DRAWS` times. Few rows have
    an error well above 0 even so.

    Args:
        probabilities: ``[R]`` in 0..1.
        bins: As in :func:`expected_calibration_error`.
        confidence: Share of the draws whose error is below the second number.
        seed: Of the drawn labels.
        weights: How much each row counts ``[R]``; None: all the same.

    Returns:
        The mean, and what it seldom exceeds; ``None`` without rows.

    Raises:
        ValueError: If a probability is not in 0..1, or ``bins`` is below 1.
    """
    # Sorted, so that the draws do not depend on the order of the rows.
    p = checked_probabilities(probabilities, np.size(probabilities))
    order = np.argsort(p, kind="stable")
    p, weights = p[order], None if weights is None else weights[order]
    error_of = _calibration_error_of(p, bins, weights)
    if not len(p):
        return None
    rng = np.random.default_rng(seed)
    errors = [error_of(rng.random(len(p)) < p) for _ in range(LABEL_DRAWS)]
    return [float(np.mean(errors)), float(np.quantile(errors, confidence))]


def _calibration_error_of(
    p: NDArray[np.float64], bins: int, weights: Weights
) -> Callable[[NDArray[np.int64] | NDArray[np.bool_]], float]:
    """Cut rows into bins, once for all labels ``[R]`` whose error is asked for."""
    if bins < 1:
        raise ValueError(f"bins is {bins}, but at least one bin is needed; raise it.")
    _, tie = np.unique(p, return_inverse=True)
    order = np.argsort(p)
    w = np.ones(len(p)) if weights is None else weights[order]
    tie, p = tie[order], p[order]
    size = np.bincount(tie, w)
    n_bins = min(bins, len(p))
    starts = np.arange(n_bins) * len(p) // max(n_bins, 1)

    def error_of(labels: NDArray[np.int64] | NDArray[np.bool_]) -> float:
        rate = (np.bincount(tie, labels[order] * w) / size)[tie]
        return float(np.abs(np.add.reduceat((rate - p) * w, starts)).sum() / w.sum())

    return error_of
