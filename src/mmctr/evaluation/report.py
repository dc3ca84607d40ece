"""The evaluation of one split: metrics and details."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmctr.evaluation.baselines import (
    field_only_scores,
    item_only_scores,
    popularity_scores,
    seen_before,
    title_similarities,
)
from mmctr.evaluation.calibration import calibration_curve
from mmctr.evaluation.comparison import (
    MODEL,
    ONLY,
    PRIOR,
    TREES,
    compare_scores,
    judge_baseline,
    judge_model,
)
from mmctr.evaluation.details import DetailMeasures
from mmctr.evaluation.inputs import (
    check_length,
    checked_probabilities,
    checked_scores,
)
from mmctr.evaluation.negative_sampling import undo_negative_sampling
from mmctr.evaluation.own import BaselineRows, own_baselines
from mmctr.evaluation.params import EvaluationParams, require_weights
from mmctr.evaluation.resampling import UserRows, resample
from mmctr.evaluation.slices import clean_cold_auc, unseen_in_train, warm_auc
from mmctr.evaluation.weighted import Measure


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
    raw_probabilities: NDArray[Any]
    """``[R]`` in 0..1, those before calibration."""
    tree_probabilities: NDArray[Any] | None = None
    """Of boosted trees, ``[R]`` in 0..1; None: no such baseline."""
    fields: dict[str, NDArray[Any]] = field(default_factory=dict)
    """Field of the rows -> codes ``[R]`` from 0; each is a baseline."""
    weights: NDArray[Any] | None = None
    """How much each row counts ``[R]``, above 0; None: the rows have no weights."""


@dataclass(frozen=True)
class TrainRows:
    """The train rows: baselines learn from them, and their items are not cold."""

    items: NDArray[Any]
    """Target of each row ``[N]``, from 1."""
    labels: NDArray[Any]
    """``[N]`` of 0 and 1."""
    history: NDArray[Any]
    """Items of all train histories, flat."""
    fields: dict[str, NDArray[Any]] = field(default_factory=dict)
    """As those of the evaluated rows, ``[N]``."""
    are_impressions: bool = False
    """Whether all rows were shown, so that train's click rate is one of its own."""
    negative_keep: float = 1.0
    """Share of the negatives that the rows are a draw of."""
    whole: BaselineRows | None = None
    """The rows with their histories; None: there are no own baselines."""


class Evaluation(NamedTuple):
    """What :func:`evaluate` finds, ready for JSON, ``None`` where undefined."""

    metrics: dict[str, object]
    """The model beside every baseline. An item is cold if no train row has it as target
    or in its history."""
    details: dict[str, object]
    """``rows``, ``users``, ``resamples``, ``confidence``, ``min_pairs``;
    ``click_rate``, ``mean_probability``, ``logloss`` and ``ne``, each a ``value`` with
    its ``interval``; ``calibration``, a list of equal-mass bins, and
    ``raw_calibration``, those before calibration; ``roc``, curves at the
    rates of ``false_positive_rate``; ``slices``. In a slice ``pair_auc`` is the share
    of pairs (clicked, not clicked) of one group, both in the slice, that are ordered
    right; None if there are fewer than ``min_pairs``."""


def baseline_scores(
    split: EvaluatedRows,
    train: TrainRows,
    title_vectors: NDArray[np.float32],
    params: EvaluationParams,
    *,
    repeats: bool = False,
) -> dict[str, NDArray[Any] | None]:
    """Score the split by every baseline.

    Args:
        split: The rows to score.
        train: What the item baselines may know.
        title_vectors: ``[n_items, d]`` L2-normalised; ``d`` is 0 without titles.
        params: Prior of the click rates.
        repeats: Whether ``seen_before`` is one.

    Returns:
        Baseline -> scores ``[R]``; ``None`` where there are no titles or no trees.

    Raises:
        ValueError: If an id is not in 1..n_items or lengths don't fit.
    """
    n_items, width = title_vectors.shape
    trees = split.tree_probabilities
    known = (train.items, train.labels, split.items, n_items)
    rows = (split.items, split.history, split.offsets)
    jagged = (title_vectors, *rows)
    prior, strength = params.prior_ctr, params.prior_strength
    if train.are_impressions:
        prior = float(np.mean(train.labels))

    last, largest = title_similarities(*jagged) if width else (None, None)

    def of_all(rates: NDArray[np.float64]) -> NDArray[np.float64]:
        return undo_negative_sampling(rates, train.negative_keep)

    return {
        "item_only": of_all(item_only_scores(*known, prior, strength)),
        "popularity": popularity_scores(*known),
        **{
            f"{name}{ONLY}": of_all(
                field_only_scores(
                    train.fields[name], train.labels, codes, prior, strength
                )
            )
            for name, codes in split.fields.items()
        },
        **({"seen_before": seen_before(*rows)} if repeats else {}),
        "last_title_similarity": last,
        "max_title_similarity": largest,
        TREES: None
        if trees is None
        else checked_probabilities(trees, len(split.labels), "tree_probabilities"),
        **(
            {PRIOR: of_all(np.full(len(split.labels), prior))}
            if train.are_impressions
            else {}
        ),
        **own_baselines(train.whole, train.labels, split, title_vectors, params),
    }


def evaluate(
    split: EvaluatedRows,
    train: TrainRows,
    title_vectors: NDArray[np.float32],
    params: EvaluationParams,
    oracle_auc: float | None = None,
    *,
    repeats: bool = False,
) -> Evaluation:
    """Judge a model's probabilities on one split, beside every baseline.

    All intervals come from the same resamples of users.

    Args:
        split: Labelled rows with the model's probabilities.
        train: What the baselines may know.
        title_vectors: ``[n_items, d]`` L2-normalised; ``d`` is 0 without titles.
        params: Bins, bootstrap, priors, fewest pairs.
        oracle_auc: Best possible AUC, where the world is known.
        repeats: Whether ``seen_before`` is a baseline; decide it on valid.

    Returns:
        Metrics and details.

    Raises:
        ValueError: If a row can't be evaluated; the message names it.
    """
    rows = _judged_rows(split, params)
    probabilities = checked_probabilities(split.probabilities, len(rows.labels))
    check_length("items", split.items, len(rows.labels))
    cold = unseen_in_train(split.items, train.items, train.history)
    baselines = {
        name: None if found is None else checked_scores(found, len(rows.labels))
        for name, found in baseline_scores(
            split, train, title_vectors, params, repeats=repeats
        ).items()
    }
    scored = {name: found for name, found in baselines.items() if found is not None}

    details = DetailMeasures.prepare(
        rows,
        probabilities,
        cold=cold,
        history_lengths=np.diff(split.offsets),
        train_clicks=scored["popularity"],
        params=params,
    )
    compared = compare_scores(rows, {MODEL: probabilities, **scored}, params)
    measures: dict[Any, Measure] = {**details.measures, **compared}
    drawn = resample(measures, rows.n_users, params)
    once = {key: measure(np.ones(rows.n_users)) for key, measure in compared.items()}

    judged = (rows, probabilities, split.raw_probabilities)
    cold_auc, pairs = clean_cold_auc(
        rows.labels, probabilities, rows.groups, cold, rows.weights
    )
    metrics: dict[str, object] = {
        **judge_model(*judged, once, drawn, params),
        "auc_warm_items": warm_auc(rows.labels, probabilities, cold, rows.weights),
        "auc_clean_cold": cold_auc if pairs >= params.min_clean_cold_pairs else None,
        "clean_cold_pairs": pairs,
        "baselines": {
            name: None if found is None else judge_baseline(name, once, drawn, params)
            for name, found in baselines.items()
        },
    }
    if oracle_auc is not None:
        metrics["oracle_auc"] = float(oracle_auc)
    ranked = {name: scores for name, scores in baselines.items() if name != PRIOR}
    described = details.describe(drawn, ranked)
    described["raw_calibration"] = calibration_curve(
        rows.labels, split.raw_probabilities, params.ece_bins, rows.weights
    )
    return Evaluation(metrics, described)


def evaluate_beside_trees(
    split: EvaluatedRows, params: EvaluationParams
) -> dict[str, object]:
    """Judge a model's probabilities on one split beside the boosted trees alone.

    Args:
        split: Labelled rows with the probabilities of the model and of the trees.
        params: Bins, bootstrap.

    Returns:
        The metrics of :func:`evaluate` but those of warm and cold items, with one
        baseline.

    Raises:
        ValueError: If a row can't be evaluated, or the trees' probabilities are
            missing.
    """
    rows = _judged_rows(split, params)
    count = len(rows.labels)
    trees = split.tree_probabilities
    if trees is None:
        raise ValueError("tree_probabilities: None; expected one per row")
    probabilities = checked_probabilities(split.probabilities, count)
    scores = {
        MODEL: probabilities,
        TREES: checked_probabilities(trees, count, "tree_probabilities"),
    }
    compared = compare_scores(rows, scores, params)
    drawn = resample(compared, rows.n_users, params)
    once = {key: measure(np.ones(rows.n_users)) for key, measure in compared.items()}
    judged = (rows, probabilities, split.raw_probabilities)
    return {
        **judge_model(*judged, once, drawn, params),
        "baselines": {TREES: judge_baseline(TREES, once, drawn, params)},
    }


def _judged_rows(split: EvaluatedRows, params: EvaluationParams) -> UserRows:
    require_weights(params, split.weights is not None)
    weights = split.weights if params.weighted else None
    return UserRows.of(split.labels, split.groups, split.users, weights)
