"""The measures of a model beside its baselines, on the same resamples of users."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmctr.evaluation.calibration import calibration_line
from mmctr.evaluation.details import point_value
from mmctr.evaluation.intervals import detectable_difference, percentile_interval
from mmctr.evaluation.metrics import (
    calibrated_error,
    expected_calibration_error,
    group_pairs,
    logloss,
    normalized_entropy,
    row_losses,
)
from mmctr.evaluation.own import load_own, name_of, own_measures
from mmctr.evaluation.params import METRIC, EvaluationParams
from mmctr.evaluation.resampling import UserRows
from mmctr.evaluation.top_k import CUTS, TOP_MEASURES, first_rows
from mmctr.evaluation.weighted import Measure

MODEL = "model"
TREES = "boosted_trees"
PRIOR = "prior"
"""Train's click rate for every row: it ranks nothing, and has a logloss alone."""

ONLY = "_only"
"""Ends the names of baselines that are the click rate by one quantity alone."""

_MEASURES = ("auc", "gauc", "logloss")


def compare_scores(
    rows: UserRows,
    scored: Mapping[str, NDArray[np.float64]],
    params: EvaluationParams,
) -> dict[Any, Measure]:
    """Prepare the measures that a model and its baselines are compared by.

    Args:
        rows: Labels, users and groups.
        scored: Scores ``[R]`` by the name of what gave them.
        params: Names own metrics.

    Returns:
        By measure and name; logloss only of those whose scores are probabilities.
    """
    measures: dict[Any, Measure] = {}
    for name, scores in scored.items():
        if name != PRIOR:
            measures["auc", name] = rows.auc(scores)
            measures["gauc", name] = rows.gauc(scores)
            measures["top", name] = rows.top(scores)
        if name in (MODEL, TREES, PRIOR) or name.endswith(ONLY):
            measures["logloss", name] = rows.mean(row_losses(rows.labels, scores))
    ranking = {name: scores for name, scores in scored.items() if name != PRIOR}
    own = load_own(METRIC, params.metrics)
    return {**measures, **own_measures(rows, ranking, own)}


def judge_model(
    rows: UserRows,
    probabilities: NDArray[np.float64],
    raw_probabilities: NDArray[Any],
    once: Mapping[Any, Any],
    drawn: Mapping[Any, NDArray[np.float64]],
    params: EvaluationParams,
) -> dict[str, object]:
    """Measure a model's ranking and its probabilities.

    Args:
        rows: Labels, users, groups and weights.
        probabilities: ``[R]`` in 0..1.
        raw_probabilities: ``[R]``, those before calibration.
        once: Each measure of the rows as they are.
        drawn: Each measure on every resample ``[B]``.
        params: Bins, confidence.

    Returns:
        Numbers, intervals and None where undefined, ready for JSON.
    """
    slope, intercept = calibration_line(rows.labels, probabilities, rows.weights)
    return {
        "rows": len(rows.labels),
        "weighted": rows.weights is not None,
        **_count_groups(rows),
        **{
            f"{measure}{end}": value
            for measure in _MEASURES
            for end, value in (
                ("", point_value(once[measure, MODEL])),
                (
                    "_interval",
                    percentile_interval(drawn[measure, MODEL], params.confidence),
                ),
            )
        },
        **_judge_top(rows, once, drawn, params),
        **_measure_probabilities(rows, probabilities, params),
        "ece_if_calibrated": calibrated_error(
            probabilities,
            params.ece_bins,
            params.confidence,
            params.seed,
            rows.weights,
        ),
        "calibration_slope": slope,
        "calibration_intercept": intercept,
        "raw": {
            **_measure_probabilities(rows, raw_probabilities, params),
            "slope": calibration_line(rows.labels, raw_probabilities, rows.weights)[0],
        },
        **_judge_own(MODEL, once, drawn, params),
    }


def judge_baseline(
    name: str,
    once: Mapping[Any, Any],
    drawn: Mapping[Any, NDArray[np.float64]],
    params: EvaluationParams,
) -> dict[str, object]:
    """Measure a baseline, and the model minus it on the same resamples.

    Args:
        name: Of the baseline.
        once: Each measure of the rows as they are.
        drawn: Each measure on every resample ``[B]``.
        params: Confidence, power.

    Returns:
        By measure its value, the interval of the difference and the detectable one.
    """
    judged: dict[str, object] = {}
    for measure in _MEASURES:
        value = difference = detectable = None
        if (measure, name) in once:
            value = point_value(once[measure, name])
            minus = drawn[measure, MODEL] - drawn[measure, name]
            difference = percentile_interval(minus, params.confidence)
            detectable = detectable_difference(minus, params.confidence, params.power)
        judged[measure] = value
        judged[f"{measure}_difference"] = difference
        judged[f"{measure}_detectable"] = detectable
    for column, measure in enumerate(TOP_MEASURES):
        value = difference = None
        if ("top", name) in once:
            value = point_value(once["top", name][column])
            minus = drawn["top", MODEL][:, column] - drawn["top", name][:, column]
            difference = percentile_interval(minus, params.confidence)
        judged[measure] = value
        judged[f"{measure}_difference"] = difference
    if name != PRIOR:
        judged |= _judge_own(name, once, drawn, params)
    return judged


def _judge_own(
    name: str,
    once: Mapping[Any, Any],
    drawn: Mapping[Any, NDArray[np.float64]],
    params: EvaluationParams,
) -> dict[str, object]:
    """Measure a score by own metrics; of a baseline the model minus it, too."""
    judged: dict[str, Any] = {}
    for metric in map(name_of, params.metrics):
        values = drawn[metric, MODEL]
        end = "interval"
        if name != MODEL:
            values, end = values - drawn[metric, name], "difference"
        judged[metric] = {
            "value": point_value(once[metric, name]),
            end: percentile_interval(values, params.confidence),
        }
    return {"own": judged} if judged else {}


def _judge_top(
    rows: UserRows,
    once: Mapping[Any, Any],
    drawn: Mapping[Any, NDArray[np.float64]],
    params: EvaluationParams,
) -> dict[str, object]:
    """Measure the first rows of the groups, and count the groups that have them."""
    judged: dict[str, object] = {
        f"groups_at_{cut}": len(
            first_rows(rows.labels, np.zeros(len(rows.labels)), rows.groups, cut).groups
        )
        for cut in CUTS
    }
    for column, measure in enumerate(TOP_MEASURES):
        ends = percentile_interval(drawn["top", MODEL][:, column], params.confidence)
        judged[measure] = point_value(once["top", MODEL][column])
        judged[f"{measure}_interval"] = ends
    return judged


def _count_groups(rows: UserRows) -> dict[str, int]:
    """Count the groups, and those with both labels, which alone have an AUC."""
    pairs = group_pairs(rows.labels, np.zeros(len(rows.labels)), rows.groups).pairs
    return {"groups": len(pairs), "groups_of_both_labels": int((pairs > 0).sum())}


def _measure_probabilities(
    rows: UserRows, probabilities: NDArray[Any], params: EvaluationParams
) -> dict[str, float | None]:
    judged = (rows.labels, probabilities)
    return {
        "logloss": logloss(*judged, rows.weights),
        "ne": normalized_entropy(*judged, rows.weights),
        "ece": expected_calibration_error(*judged, params.ece_bins, rows.weights),
    }
