"""Scores of the same rows beside each other: differences on the same resamples."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmctr.evaluation.details import point_value
from mmctr.evaluation.inputs import checked_probabilities
from mmctr.evaluation.intervals import percentile_interval
from mmctr.evaluation.metrics import row_losses
from mmctr.evaluation.params import EvaluationParams
from mmctr.evaluation.resampling import UserRows, resample

COMPARED = {"gauc": "gAUC", "auc": "AUC", "logloss": "logloss"}
"""Measures by which scores are compared, and how they are written."""


@dataclass(frozen=True)
class Difference:
    """A measure of two scores, and the one minus the other."""

    value: float | None
    other: float | None
    delta: float | None
    """``value - other``; like all of them None where undefined."""
    interval: list[float] | None
    """Of the difference, over resamples of users."""

    @property
    def is_clear(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.interval is not None and self.interval[0] * self.interval[1] > 0


def compare_paired(
    rows: UserRows,
    probabilities: NDArray[np.float64],
    others: Mapping[Any, NDArray[np.float64]],
    params: EvaluationParams,
) -> dict[Any, dict[str, Difference]]:
    """Subtract the measures of other scores from those of one, on the same rows.

    Users are resampled whole, the same ones for all scores: what makes a draw of users
    easy for one makes it easy for the other, and cancels.

    Args:
        rows: Labels, users, groups and weights.
        probabilities: ``[R]`` in 0..1.
        others: The same by any key.
        params: Resamples, confidence, seed.

    Returns:
        By key and by measure of :data:`COMPARED`.

    Raises:
        ValueError: If scores are no probabilities of these rows.
    """
    own = object()
    measures = {}
    for key, scores in {own: probabilities, **others}.items():
        checked = checked_probabilities(scores, len(rows.labels))
        measures["gauc", key] = rows.gauc(checked)
        measures["auc", key] = rows.auc(checked)
        measures["logloss", key] = rows.mean(row_losses(rows.labels, checked))
    drawn = resample(measures, rows.n_users, params)
    once = np.ones(rows.n_users)
    values = {key: point_value(measure(once)) for key, measure in measures.items()}

    def subtract(measure: str, key: Any) -> Difference:
        value, other = values[measure, own], values[measure, key]
        known = value is not None and other is not None
        return Difference(
            value,
            other,
            value - other if known else None,
            percentile_interval(
                drawn[measure, own] - drawn[measure, key], params.confidence
            ),
        )

    return {key: {each: subtract(each, key) for each in COMPARED} for key in others}
