"""What one number for all rows hides: calibration, the ROC curve, slices."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmctr.evaluation.baselines import popularity_scores
from mmctr.evaluation.curves import UserRatio, WeightedRoc
from mmctr.evaluation.inputs import (
    check_length,
    checked_labels,
    checked_probabilities,
    factorise,
)
from mmctr.evaluation.intervals import percentile_interval
from mmctr.evaluation.metrics import auc, group_pairs, logloss, normalized_entropy
from mmctr.evaluation.params import EvaluationParams
from mmctr.evaluation.parts import RowSlice, equal_parts, slice_rows
from mmctr.evaluation.report import EvaluatedRows, TrainRows, baseline_scores
from mmctr.evaluation.resampling import WeightedAuc, user_draws
from mmctr.evaluation.slices import unseen_in_train

GRID = np.linspace(0.0, 1.0, 101)
"""False positive rates that curves are given at."""

Measure = Callable[[NDArray[np.float64]], Any]


def evaluate_details(
    split: EvaluatedRows,
    train: TrainRows,
    title_vectors: NDArray[np.float32],
    params: EvaluationParams,
) -> dict[str, object]:
    """Look at a model's probabilities on one split, part by part.

    All intervals are of the same resamples of users as those of
    :func:`mmctr.evaluation.evaluate`.

    Args:
        split: Labelled rows with the model's probabilities.
        train: Tells which targets are cold, and how often each was clicked.
        title_vectors: ``[n_items, d]`` L2-normalised; ``d`` is 0 without titles.
        params: Bins, bootstrap, fewest pairs.

    Returns:
        Ready for JSON, ``None`` where undefined: ``rows``, ``users``, ``resamples``,
        ``confidence``, ``min_pairs``; ``click_rate``, ``mean_probability``,
        ``logloss`` and ``ne``, each a ``value`` with its ``interval``;
        ``calibration``, a list of equal-mass bins; ``roc``, curves at the rates of
        ``false_positive_rate``; ``slices``. In a slice ``pair_auc`` is the share of
        pairs (clicked, not clicked) of one group, both in the slice, that are ordered
        right; None under ``min_pairs`` of them.

    Raises:
        ValueError: If a row can't be evaluated; the message names it.
    """
    labels = checked_labels(split.labels)
    probabilities = checked_probabilities(split.probabilities, len(labels))
    users = factorise("users", split.users, len(labels))
    check_length("items", split.items, len(labels))
    n_users = int(users.max(initial=-1)) + 1

    bins = equal_parts(probabilities, params.ece_bins)
    slices = _slices(split, train, len(title_vectors))
    curve = WeightedRoc.prepare(labels, probabilities, users, GRID)
    measures: dict[str, Measure] = {
        **_losses(labels, probabilities, users, n_users),
        "bins": UserRatio.of_rows(labels.astype(float), users, n_users, bins).value,
        "roc": curve.value,
    }
    groups = factorise("groups", split.groups, len(labels))
    for number, each in enumerate(slices):
        rows = each.rows
        measures[f"auc {number}"] = WeightedAuc.prepare(
            labels[rows], probabilities[rows], users[rows]
        ).value
        measures[f"pair_auc {number}"] = _pair_share(
            labels[rows], probabilities[rows], groups[rows], users[rows], n_users
        )
    resampled = _resample(measures, n_users, params)

    def interval(name: str) -> list[float] | None:
        found = percentile_interval(resampled[name], params.confidence)
        return None if found is None else list(found)

    once = np.ones(n_users)
    values = {
        "click_rate": _number(measures["click_rate"](once)),
        "mean_probability": _number(measures["mean_probability"](once)),
        "logloss": logloss(labels, probabilities),
        "ne": normalized_entropy(labels, probabilities),
    }
    scored = baseline_scores(split, train, title_vectors, params)
    return {
        "rows": len(labels),
        "users": n_users,
        "resamples": params.resamples,
        "confidence": params.confidence,
        "min_pairs": params.min_clean_cold_pairs,
        **{
            name: {"value": value, "interval": interval(name)}
            for name, value in values.items()
        },
        "calibration": _calibration(
            labels, probabilities, bins, resampled["bins"], params.confidence
        ),
        "roc": {
            "false_positive_rate": GRID.round(4).tolist(),
            **_band(curve.value(once), resampled["roc"], params.confidence),
            "baselines": {
                name: None
                if scores is None
                else _numbers(
                    WeightedRoc.prepare(
                        labels, np.asarray(scores, np.float64), users, GRID
                    ).value(once)
                )
                for name, scores in scored.items()
            },
        },
        "slices": [
            _describe(each, number, labels, probabilities, split, interval, params)
            for number, each in enumerate(slices)
        ],
    }


def _losses(
    labels: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    users: NDArray[np.int64],
    n_users: int,
) -> dict[str, Measure]:
    epsilon = np.finfo(np.float64).eps
    p = np.clip(probabilities, epsilon, 1 - epsilon)
    losses = -np.where(labels == 1, np.log(p), np.log1p(-p))
    loss = UserRatio.of_rows(losses, users, n_users).value
    rate = UserRatio.of_rows(labels.astype(float), users, n_users).value

    def share_of_entropy(counts: NDArray[np.float64]) -> float:
        clicked = float(rate(counts))
        if not 0 < clicked < 1:
            return float("nan")
        entropy = clicked * np.log(clicked) + (1 - clicked) * np.log1p(-clicked)
        return float(loss(counts) / -entropy)

    return {
        "click_rate": rate,
        "mean_probability": UserRatio.of_rows(probabilities, users, n_users).value,
        "logloss": loss,
        "ne": share_of_entropy,
    }


def _slices(split: EvaluatedRows, train: TrainRows, n_items: int) -> list[RowSlice]:
    clicks = popularity_scores(train.items, train.labels, split.items, n_items)
    return slice_rows(
        unseen_in_train(split.items, train.items, train.history),
        np.diff(split.offsets),
        clicks.astype(np.int64),
    )


def _pair_share(
    labels: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    groups: NDArray[np.int64],
    users: NDArray[np.int64],
    n_users: int,
) -> Measure:
    """The share of pairs inside one group that are ordered right."""
    numbered, codes = np.unique(groups, return_inverse=True)
    counts = group_pairs(labels, probabilities, codes)
    owners = np.empty(len(numbered), np.int64)
    owners[codes] = users
    return UserRatio(
        np.bincount(owners, counts.ordered, n_users),
        np.bincount(owners, counts.pairs, n_users),
    ).value


def _resample(
    measures: dict[str, Measure], n_users: int, params: EvaluationParams
) -> dict[str, NDArray[np.float64]]:
    """Values of every measure on every draw; NaN with fewer than two users."""
    shapes = {name: np.shape(of(np.ones(n_users))) for name, of in measures.items()}
    found = {
        name: np.full((params.resamples, *shape), np.nan)
        for name, shape in shapes.items()
    }
    if n_users < 2:
        # The spread over users can't be known from one of them.
        return found
    for draw, counts in enumerate(user_draws(n_users, params)):
        for name, measure in measures.items():
            found[name][draw] = measure(counts)
    return found


def _calibration(
    labels: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    bins: NDArray[np.int64],
    resampled: NDArray[np.float64],
    confidence: float,
) -> list[dict[str, object]]:
    found = []
    for number in np.unique(bins):
        rows = bins == number
        interval = percentile_interval(resampled[:, number], confidence)
        found.append(
            {
                "rows": int(rows.sum()),
                "lowest": float(probabilities[rows].min()),
                "highest": float(probabilities[rows].max()),
                "mean_probability": float(probabilities[rows].mean()),
                "click_rate": float(labels[rows].mean()),
                "interval": None if interval is None else list(interval),
            }
        )
    return found


def _band(
    curve: NDArray[np.float64], resampled: NDArray[np.float64], confidence: float
) -> dict[str, list[float | None]]:
    ends = [percentile_interval(column, confidence) for column in resampled.T]
    return {
        "true_positive_rate": _numbers(curve),
        "low": [None if each is None else each[0] for each in ends],
        "high": [None if each is None else each[1] for each in ends],
    }


def _describe(
    part: RowSlice,
    number: int,
    labels: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    split: EvaluatedRows,
    interval: Callable[[str], list[float] | None],
    params: EvaluationParams,
) -> dict[str, object]:
    y, p = labels[part.rows], probabilities[part.rows]
    groups = np.asarray(split.groups)[part.rows]
    counts = group_pairs(y, p, groups)
    pairs = int(counts.pairs.sum())
    enough = pairs >= params.min_clean_cold_pairs
    return {
        "kind": part.kind,
        "name": part.name,
        "rows": len(y),
        "clicks": int(y.sum()),
        "users": len(set(np.asarray(split.users)[part.rows].tolist())),
        "click_rate": float(y.mean()),
        "mean_probability": float(p.mean()),
        "auc": auc(y, p),
        "auc_interval": interval(f"auc {number}"),
        "pairs": pairs,
        "pair_auc": float(counts.ordered.sum()) / pairs if enough else None,
        "pair_auc_interval": interval(f"pair_auc {number}") if enough else None,
    }


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [_number(value) for value in values]
