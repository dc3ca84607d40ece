"""Bootstrap intervals of AUC and gAUC, alone and as paired differences."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mmctr.evaluation import EvaluationParams, percentile_interval, resample_metrics


class ScoreIntervals(NamedTuple):
    """Both ends of each; None where undefined."""

    auc: list[float] | None
    gauc: list[float] | None


def own_intervals(
    labels: ArrayLike, scores: ArrayLike, groups: Any, users: Any, params: Any
) -> ScoreIntervals:
    """Intervals of a score's own measures."""
    found = resample_metrics(labels, [scores], groups, users, params)
    return _read(found.auc[:, 0], found.gauc[:, 0], params)


def paired_intervals(
    labels: ArrayLike,
    model: ArrayLike,
    baseline: ArrayLike,
    groups: Any,
    users: Any,
    params: EvaluationParams,
) -> ScoreIntervals:
    """Intervals of model minus baseline on the same draws of users."""
    found = resample_metrics(labels, [model, baseline], groups, users, params)
    auc, gauc = (values[:, 0] - values[:, 1] for values in (found.auc, found.gauc))
    return _read(auc, gauc, params)


def _read(
    auc: np.ndarray, gauc: np.ndarray, params: EvaluationParams
) -> ScoreIntervals:
    return ScoreIntervals(
        *(percentile_interval(values, params.confidence) for values in (auc, gauc))
    )
