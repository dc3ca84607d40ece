"""Bootstrap intervals over users of AUC and gAUC, alone and as paired differences.

The interval is read from the percentiles of the resampled values (Efron and Tibshirani,
1993, chapter 13). Model and baseline see the same draws, so that the spread they share
cancels in the difference.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmctr.evaluation.params import EvaluationParams
from mmctr.evaluation.resampling import ResampledMetrics, resample_metrics

Interval = tuple[float, float]

# An interval of the few resamples that happen to have both classes would be too
# narrow to be honest.
MIN_DEFINED_SHARE = 0.9


@dataclass(frozen=True)
class PairedIntervals:
    """Intervals of AUC and gAUC; ``None`` where undefined."""

    auc: Interval | None
    gauc: Interval | None


def percentile_interval(
    values: NDArray[np.float64], confidence: float
) -> Interval | None:
    """Read the central interval of resampled values.

    Args:
        values: ``[B]``; NaN where a resample is undefined.
        confidence: Share of the values inside.

    Returns:
        Lower and upper end; ``None`` where over a tenth of the resamples is undefined.
    """
    defined = values[~np.isnan(values)]
    if not len(values) or len(defined) < MIN_DEFINED_SHARE * len(values):
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)


def detectable_difference(
    values: NDArray[np.float64], confidence: float, power: float
) -> float | None:
    """Tell the smallest true difference that rows like these would show.

    ``(z[1 - (1 - confidence) / 2] + z[power])`` times the standard error (Cohen, 1988),
    which is the spread of the resampled differences.

    Args:
        values: ``[B]`` resampled differences; NaN where undefined.
        confidence: Of the interval that must leave zero out.
        power: Share of such experiments in which it would.

    Returns:
        The difference; ``None`` where over a tenth of the resamples is undefined.
    """
    if percentile_interval(values, confidence) is None:
        return None
    normal = NormalDist()
    reach = normal.inv_cdf(1 - (1 - confidence) / 2) + normal.inv_cdf(power)
    return float(reach * np.nanstd(values))


def metric_intervals(
    labels: ArrayLike,
    scores: ArrayLike,
    groups: ArrayLike,
    users: ArrayLike,
    params: EvaluationParams,
) -> PairedIntervals:
    """Give the intervals of a score's own AUC and gAUC.

    Args:
        labels: ``[R]`` of 0 and 1.
        scores: ``[R]`` finite.
        groups: ``[R]``; each group belongs to one user.
        users: ``[R]``; what is resampled.
        params: Number of resamples, confidence and seed.

    Returns:
        The two intervals.

    Raises:
        ValueError: As ``resample_metrics``.
    """
    resampled = resample_metrics(labels, [scores], groups, users, params)
    return own_intervals(resampled, 0, params.confidence)


def paired_intervals(
    labels: ArrayLike,
    model_scores: ArrayLike,
    baseline_scores: ArrayLike,
    groups: ArrayLike,
    users: ArrayLike,
    params: EvaluationParams,
) -> PairedIntervals:
    """Give the intervals of model minus baseline on the same draws of users.

    Args:
        labels: ``[R]`` of 0 and 1.
        model_scores: ``[R]`` finite.
        baseline_scores: ``[R]`` finite.
        groups: ``[R]``; each group belongs to one user.
        users: ``[R]``; what is resampled.
        params: Number of resamples, confidence and seed.

    Returns:
        The intervals of the two differences.

    Raises:
        ValueError: As ``resample_metrics``.
    """
    scores = [model_scores, baseline_scores]
    resampled = resample_metrics(labels, scores, groups, users, params)
    return difference_intervals(resampled, 0, 1, params.confidence)


def own_intervals(
    resampled: ResampledMetrics, score: int, confidence: float
) -> PairedIntervals:
    """Give the intervals of one of several resampled scores.

    Args:
        resampled: Measures of several scores on the same draws.
        score: Column of the score.
        confidence: Share of the resamples inside.

    Returns:
        The intervals of its AUC and gAUC.
    """
    return PairedIntervals(
        auc=percentile_interval(resampled.auc[:, score], confidence),
        gauc=percentile_interval(resampled.gauc[:, score], confidence),
    )


def difference_intervals(
    resampled: ResampledMetrics, model: int, baseline: int, confidence: float
) -> PairedIntervals:
    """Give the intervals of one score minus another.

    Args:
        resampled: Measures of several scores on the same draws.
        model: Column of the first score.
        baseline: Column of the score that is subtracted.
        confidence: Share of the resamples inside.

    Returns:
        The intervals of the two differences.
    """
    auc, gauc = (
        percentile_interval(values[:, model] - values[:, baseline], confidence)
        for values in (resampled.auc, resampled.gauc)
    )
    return PairedIntervals(auc=auc, gauc=gauc)
