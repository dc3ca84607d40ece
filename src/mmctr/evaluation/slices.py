"""Measures of the rows with a warm or a cold target."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmctr.evaluation.inputs import check_length, checked_labels, checked_scores
from mmctr.evaluation.metrics import Weights, auc, group_pairs


def unseen_in_train(
    items: NDArray[Any], train_items: NDArray[Any], train_history: NDArray[Any]
) -> NDArray[np.bool_]:
    """Mark the cold targets: no train row has the item as target or in its history.

    Args:
        items: Target of each evaluated row ``[R]``.
        train_items: Target of each train row.
        train_history: Items of all train histories, flat.

    Returns:
        ``[R]`` bool.
    """
    return ~(np.isin(items, train_items) | np.isin(items, train_history))


def warm_auc(
    labels: ArrayLike, scores: ArrayLike, cold: ArrayLike, weights: Weights = None
) -> float | None:
    """Compute the AUC of the rows whose target is warm.

    Args:
        labels: ``[R]`` of 0 and 1.
        scores: ``[R]`` finite.
        cold: ``[R]`` bool.
        weights: How much each row counts ``[R]``; None: all the same.

    Returns:
        The area, or ``None`` where those rows hold only one class.

    Raises:
        ValueError: If lengths differ, a label is not 0/1, or a score not finite.
    """
    y, s, is_cold = _checked(labels, scores, cold)
    kept = None if weights is None else weights[~is_cold]
    return auc(y[~is_cold], s[~is_cold], kept)


def clean_cold_auc(
    labels: ArrayLike,
    scores: ArrayLike,
    groups: ArrayLike,
    cold: ArrayLike,
    weights: Weights = None,
) -> tuple[float | None, int]:
    """Compute the share of cold pairs inside one group that are ordered right.

    A pair is a positive and a negative row of one group, both with a cold target. The
    AUC over all cold rows is another measure: there, the number of cold rows in a group
    already says something about the label.

    Args:
        labels: ``[R]`` of 0 and 1.
        scores: ``[R]`` finite.
        groups: ``[R]`` of any hashable type.
        cold: ``[R]`` bool.
        weights: How much each row counts ``[R]``, a pair as much as the product of its
            rows'; None: all the same.

    Returns:
        The share (ties count one half; ``None`` without pairs) and the number of pairs.

    Raises:
        ValueError: If lengths differ, a label is not 0/1, or a score not finite.
    """
    y, s, is_cold = _checked(labels, scores, cold)
    group_array = np.asarray(groups)
    check_length("groups", group_array, len(y))
    part = (y[is_cold], s[is_cold], group_array[is_cold])
    pairs = int(group_pairs(*part).pairs.sum())
    if not pairs:
        return None, 0
    counts = group_pairs(*part, None if weights is None else weights[is_cold])
    return float(counts.ordered.sum() / counts.pairs.sum()), pairs


def _checked(
    labels: ArrayLike, scores: ArrayLike, cold: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Check all rows before a part is taken, so that messages name the real row."""
    y = checked_labels(labels)
    s = checked_scores(scores, len(y))
    is_cold = np.asarray(cold, dtype=bool)
    check_length("cold", is_cold, len(y))
    return y, s, is_cold
