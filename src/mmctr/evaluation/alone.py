"""Probabilities judged by themselves, beside no baseline."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmctr.evaluation.calibration import calibration_curve
from mmctr.evaluation.comparison import MODEL, compare_scores, judge_model
from mmctr.evaluation.inputs import checked_probabilities
from mmctr.evaluation.params import EvaluationParams
from mmctr.evaluation.resampling import UserRows, resample


def evaluate_scores(
    labels: NDArray[Any],
    probabilities: NDArray[Any],
    users: NDArray[Any],
    groups: NDArray[Any],
    params: EvaluationParams,
) -> dict[str, object]:
    """Judge probabilities by themselves, beside no baseline.

    Args:
        labels: ``[R]`` of 0 and 1.
        probabilities: ``[R]`` in 0..1.
        users: ``[R]`` of any hashable type.
        groups: ``[R]``; each group belongs to one user.
        params: Bins, bootstrap.

    Returns:
        Metrics with intervals, and ``calibration``, a list of equal-mass bins.

    Raises:
        ValueError: If a row can't be evaluated.
    """
    rows = UserRows.of(labels, groups, users)
    scores = checked_probabilities(probabilities, len(rows.labels))
    compared = compare_scores(rows, {MODEL: scores}, params)
    drawn = resample(compared, rows.n_users, params)
    once = {key: measure(np.ones(rows.n_users)) for key, measure in compared.items()}
    judged = judge_model(rows, scores, scores, once, drawn, params)
    del judged["raw"]
    return {
        **judged,
        "calibration": calibration_curve(rows.labels, scores, params.ece_bins),
    }
