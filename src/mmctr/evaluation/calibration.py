"""Calibration: a model's probabilities as click rates, and how far they are from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmctr.evaluation.inputs import checked_labels, checked_probabilities
from mmctr.evaluation.parts import equal_parts

LEAST_ROWS = {"temperature": 20, "platt": 50, "beta": 100, "isotonic": 500}
"""Fewest rows of either label that a method is fitted on."""

_STEEPEST = 4.0
"""Weights of beta above it make rows certain that are beyond those it was fitted on."""


@dataclass(frozen=True)
class Calibration:
    """A function of the model's probability ``p`` that never falls.

    The calibrated logit is ``a log(p) - b log(1 - p) + c``, or, where there are steps,
    a line through them over the logit of ``p``, level beyond their ends.
    """

    weights: NDArray[np.float64] = field(default_factory=lambda: np.array([1.0, 1, 0]))
    """``a``, ``b`` and ``c``; 1, 1 and 0 change nothing."""
    logits: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """Of the model, rising ``[K]``; none without steps."""
    calibrated: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """What each of them becomes ``[K]``."""
    unfitted: str = ""
    """Why it changes nothing; empty if it was fitted."""

    def apply(self, probabilities: ArrayLike) -> NDArray[np.float64]:
        """Calibrate the probabilities of a model.

        Args:
            probabilities: ``[R]`` in 0..1.

        Returns:
            ``[R]`` float64 in 0..1; the same numbers where it changes nothing.

        Raises:
            ValueError: If a probability is not in 0..1.
        """
        given = checked_probabilities(probabilities, np.size(probabilities))
        a, b, c = self.weights
        clicked, not_clicked = _logs(given)
        if len(self.logits):
            logits = np.interp(clicked - not_clicked, self.logits, self.calibrated)
        elif (a, b, c) == (1, 1, 0):
            return given
        else:
            logits = a * clicked - b * not_clicked + c
        # A sigmoid that neither overflows nor rounds small values to 0.
        return np.exp(-np.logaddexp(0.0, -logits))

    def as_arrays(self) -> dict[str, NDArray[np.float64]]:
        """Write it as arrays by name, for a file; without the reason."""
        return {
            "weights": self.weights,
            "logits": self.logits,
            "calibrated": self.calibrated,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        """Read what :meth:`as_arrays` wrote.

        Raises:
            KeyError: If an array is missing.
        """
        names = ("weights", "logits", "calibrated")
        return cls(*(np.asarray(arrays[name], np.float64) for name in names))


def fit_calibration(
    labels: ArrayLike, probabilities: ArrayLike, method: str
) -> Calibration:
    """Fit the function under which probabilities are click rates.

    Args:
        labels: ``[R]`` of 0 and 1, of rows that the model was not trained on.
        probabilities: ``[R]`` in 0..1, the model's.
        method: ``temperature``, ``platt`` (Platt, 1999) and ``beta`` (Kull et al.,
            2017) keep the order of all rows, ``isotonic`` (Zadrozny and Elkan, 2002)
            makes ties of some. ``beta`` is ``platt`` where it would fall or be steep.

    Returns:
        The function; one that changes nothing, and says why, where the rows do not
        determine it: too few of a label, labels that the logit separates
        entirely, or a slope that is not above 0.

    Raises:
        ValueError: If lengths differ, a label is not 0/1, or a probability not in 0..1.
    """
    y = checked_labels(labels)
    clicked, not_clicked = _logs(checked_probabilities(probabilities, len(y)))
    logits = clicked - not_clicked
    rarer = int(min(y.sum(), len(y) - y.sum()))
    least = LEAST_ROWS[method]
    if rarer < least:
        text = f"{rarer} rows have the rarer label, and {method} needs {least}"
        return Calibration(unfitted=text)
    if _are_separated(y, logits):
        return Calibration(unfitted="no rows of both labels have similar probabilities")
    if method == "isotonic":
        return _fit_steps(y, logits)
    if method == "beta":
        bent = _fit_logistic(y, clicked, -not_clicked)
        if ((bent[:2] > 0) & (bent[:2] <= _STEEPEST)).all():
            return Calibration(bent)
    slope, shift = _fit_logistic(y, logits, shift=method != "temperature")
    if not slope > 0:
        text = f"the slope would be {slope:.3f}: clicks have lower probabilities"
        return Calibration(unfitted=text)
    return Calibration(np.array([slope, slope, shift]))


def calibration_line(
    labels: ArrayLike,
    probabilities: ArrayLike,
    weights: NDArray[np.float64] | None = None,
) -> tuple[float | None, float | None]:
    """Fit the label's logit as a straight line of the probability's (Cox, 1958).

    Args:
        labels: ``[R]`` of 0 and 1.
        probabilities: ``[R]`` in 0..1.
        weights: How much each row counts ``[R]``; None: all the same.

    Returns:
        Slope and intercept: 1 and 0 for calibrated probabilities; a slope below 1 is
        over-confidence. None where the rows do not determine them.

    Raises:
        ValueError: If lengths differ, a label is not 0/1, or a probability not in 0..1.
    """
    y = checked_labels(labels)
    clicked, not_clicked = _logs(checked_probabilities(probabilities, len(y)))
    logits = clicked - not_clicked
    if _are_separated(y, logits):
        return None, None
    slope, intercept = _fit_logistic(y, logits, weights=weights)
    return float(slope), float(intercept)


def calibration_curve(
    labels: ArrayLike,
    probabilities: ArrayLike,
    bins: int,
    weights: NDArray[np.float64] | None = None,
) -> list[dict[str, float]]:
    """Compare click rate and mean probability in bins of equal mass.

    Args:
        labels: ``[R]`` of 0 and 1.
        probabilities: ``[R]`` in 0..1.
        bins: Number of bins; no more are used than there are rows.
        weights: How much each row counts ``[R]``; None: all the same.

    Returns:
        ``mean_probability`` and ``click_rate`` of each bin, rising in the former.

    Raises:
        ValueError: If lengths differ, a label is not 0/1, or a probability not in 0..1.
    """
    y = checked_labels(labels)
    p = checked_probabilities(probabilities, len(y))
    part = equal_parts(p, bins)

    def mean(values: NDArray[Any], inside: NDArray[np.bool_]) -> float:
        w = None if weights is None else weights[inside]
        return float(np.average(values[inside], weights=w))

    return [
        {"mean_probability": mean(p, inside), "click_rate": mean(y, inside)}
        for number in np.unique(part)
        for inside in [part == number]
    ]


def _logs(
    probabilities: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute ``log(p)`` and ``log(1 - p)`` ``[R]``; finite at 0 and 1 too."""
    limits = np.finfo(np.float64)
    p = np.clip(probabilities, limits.tiny, 1 - limits.epsneg)
    return np.log(p), np.log1p(-p)


def _are_separated(y: NDArray[np.int64], logits: NDArray[np.float64]) -> bool:
    """Whether a threshold divides the labels, so that no best line exists."""
    clicked, others = logits[y == 1], logits[y == 0]
    if not len(clicked) or not len(others):
        return True
    return bool(clicked.min() >= others.max() or clicked.max() <= others.min())


def _fit_logistic(
    y: NDArray[np.int64],
    *columns: NDArray[np.float64],
    shift: bool = True,
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Weights of most likelihood of the columns, and behind them the shift."""
    from sklearn.linear_model import LogisticRegression  # takes a second to import

    fitted = LogisticRegression(
        C=np.inf, fit_intercept=shift, solver="newton-cholesky", tol=1e-8
    ).fit(np.column_stack(columns), y, weights)
    return np.append(fitted.coef_[0], fitted.intercept_)


def _fit_steps(y: NDArray[np.int64], logits: NDArray[np.float64]) -> Calibration:
    """Click rates of blocks of rows, which rise."""
    from sklearn.isotonic import IsotonicRegression

    # A block without a click, or with nothing else, is not certain.
    margin = 1 / (len(y) + 2)
    fitted = IsotonicRegression(y_min=margin, y_max=1 - margin).fit(logits, y)
    clicked, not_clicked = _logs(fitted.y_thresholds_)
    return Calibration(logits=fitted.X_thresholds_, calibrated=clicked - not_clicked)
