"""Everything that is said about one split, as one JSON-ready dictionary."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmctr.evaluation.baselines import (
    item_only_scores,
    last_title_similarity,
    max_title_similarity,
    popularity_scores,
)
from mmctr.evaluation.inputs import check_length
from mmctr.evaluation.intervals import (
    Interval,
    detectable_difference,
    difference_intervals,
    own_intervals,
)
from mmctr.evaluation.metrics import (
    auc,
    expected_calibration_error,
    gauc,
    logloss,
    normalized_entropy,
)
from mmctr.evaluation.params import EvaluationParams
from mmctr.evaluation.resampling import ResampledMetrics, resample_metrics
from mmctr.evaluation.slices import clean_cold_auc, unseen_in_train, warm_auc


@dataclass(frozen=True)
class EvaluatedRows:
    """The labelled rows of a split with the model's probabilities."""

    labels: NDArray[Any]
    """``[R]`` of 0 and 1."""
    probabilities: NDArray[Any]
    """``[R]`` in 0..1."""
    users: NDArray[Any]
    """``[R]`` of any hashable type; what the bootstrap resamples."""
    groups: NDArray[Any]
    """``[R]`` of any hashable type; each group belongs to one user."""
    items: NDArray[Any]
    """Target of each row ``[R]``, from 1."""
    history: NDArray[Any]
    """Items of all histories ``[T]``, oldest first."""
    offsets: NDArray[Any]
    """Borders of the histories ``[R + 1]``."""


@dataclass(frozen=True)
class TrainRows:
    """The train rows, for baselines and for what counts as cold."""

    items: NDArray[Any]
    """Target of each row ``[N]``, from 1."""
    labels: NDArray[Any]
    """``[N]`` of 0 and 1."""
    history: NDArray[Any]
    """Items of all train histories, flat."""


def baseline_scores(
    split: EvaluatedRows,
    train: TrainRows,
    title_vectors: NDArray[np.float32],
    params: EvaluationParams,
) -> dict[str, NDArray[Any] | None]:
    """Score the split by every baseline.

    Args:
        split: The rows to score.
        train: What the item baselines may know.
        title_vectors: ``[n_items, d]`` L2-normalised; ``d`` is 0 without titles.
        params: Prior of the item-only click rate.

    Returns:
        Baseline -> scores ``[R]``; ``None`` where there are no titles.

    Raises:
        ValueError: If an id is not in 1..n_items or lengths don't fit.
    """
    n_items, width = title_vectors.shape
    jagged = (title_vectors, split.items, split.history, split.offsets)
    return {
        "item_only": item_only_scores(
            train.items,
            train.labels,
            split.items,
            n_items,
            params.prior_ctr,
            params.prior_strength,
        ),
        "popularity": popularity_scores(
            train.items, train.labels, split.items, n_items
        ),
        "last_title_similarity": last_title_similarity(*jagged) if width else None,
        "max_title_similarity": max_title_similarity(*jagged) if width else None,
    }


def evaluate(
    split: EvaluatedRows,
    train: TrainRows,
    title_vectors: NDArray[np.float32],
    params: EvaluationParams,
    oracle_auc: float | None = None,
) -> dict[str, object]:
    """Judge a model's probabilities on one split, beside every baseline.

    Args:
        split: Labelled rows with the model's probabilities.
        train: What the baselines may know.
        title_vectors: ``[n_items, d]`` L2-normalised; ``d`` is 0 without titles.
        params: Bins, bootstrap, priors.
        oracle_auc: Best possible AUC, where the world is known.

    Returns:
        Floats, integers and ``None`` where undefined; ready for JSON. An item is cold
        if no train row has it as target or in its history.

    Raises:
        ValueError: If a row can't be evaluated; the message names it.
    """
    labels, probabilities = split.labels, split.probabilities
    rows = len(labels)
    check_length("items", split.items, rows)
    cold = unseen_in_train(split.items, train.items, train.history)
    cold_auc, cold_pairs = clean_cold_auc(labels, probabilities, split.groups, cold)
    enough_pairs = cold_pairs >= params.min_clean_cold_pairs

    baselines = baseline_scores(split, train, title_vectors, params)
    scored = {name: s for name, s in baselines.items() if s is not None}
    resampled = resample_metrics(
        labels, [probabilities, *scored.values()], split.groups, split.users, params
    )
    model = own_intervals(resampled, 0, params.confidence)
    judged: dict[str, object] = dict.fromkeys(baselines)
    for column, (name, scores) in enumerate(scored.items(), start=1):
        judged[name] = _judge_baseline(split, scores, resampled, column, params)

    report: dict[str, object] = {
        "rows": rows,
        "auc": auc(labels, probabilities),
        "auc_interval": _as_list(model.auc),
        "gauc": gauc(labels, probabilities, split.groups),
        "gauc_interval": _as_list(model.gauc),
        "logloss": logloss(labels, probabilities),
        "ne": normalized_entropy(labels, probabilities),
        "ece": expected_calibration_error(labels, probabilities, params.ece_bins),
        "auc_warm_items": warm_auc(labels, probabilities, cold),
        "auc_clean_cold": cold_auc if enough_pairs else None,
        "clean_cold_pairs": cold_pairs,
        "baselines": judged,
    }
    if oracle_auc is not None:
        report["oracle_auc"] = float(oracle_auc)
    return report


def _judge_baseline(
    split: EvaluatedRows,
    scores: NDArray[Any],
    resampled: ResampledMetrics,
    column: int,
    params: EvaluationParams,
) -> dict[str, object]:
    """Give a baseline's measures, the intervals of model (column 0) minus it, and the
    smallest differences these rows can tell from nothing."""
    difference = difference_intervals(resampled, 0, column, params.confidence)
    detectable = {
        f"{name}_detectable": detectable_difference(
            values[:, 0] - values[:, column], params.confidence, params.power
        )
        for name, values in (("auc", resampled.auc), ("gauc", resampled.gauc))
    }
    return {
        "auc": auc(split.labels, scores),
        "gauc": gauc(split.labels, scores, split.groups),
        "auc_difference": _as_list(difference.auc),
        "gauc_difference": _as_list(difference.gauc),
        **detectable,
    }


def _as_list(interval: Interval | None) -> list[float] | None:
    """Turn an interval into what JSON knows."""
    return None if interval is None else list(interval)
