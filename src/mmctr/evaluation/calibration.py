"""Calibration: a model's probabilities as click rates, and how far they are from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmctr.evaluation.inputs import checked_labels, checked_probabilities
from mmctr.evaluation.parts import equal_parts

LEAST_ROWS = {"temperature": 20, "platt": 50, "isotonic": 500}
"""Fewest rows of either label that a method is fitted on."""


@dataclass(frozen=True)
class Calibration:
    """A function of the logit that never falls: straight between its points.

    Beyond the first and the last point it goes on as straight as beside them.
    """

    logits: NDArray[np.float64] = field(default_factory=lambda: np.array([0.0, 1.0]))
    """Of the model, rising ``[K]``; two or more."""
    calibrated: NDArray[np.float64] = field(
        default_factory=lambda: np.array([0.0, 1.0])
    )
    """Logit that each of them becomes ``[K]``."""
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
        if np.array_equal(self.logits, self.calibrated):
            return given
        logits = logits_of(given)
        slopes = np.diff(self.calibrated) / np.diff(self.logits)
        piece = np.searchsorted(self.logits, logits, "right") - 1
        piece = np.clip(piece, 0, len(slopes) - 1)
        steps = slopes[piece] * (logits - self.logits[piece])
        # A sigmoid that neither overflows nor rounds small values to 0.
        return np.exp(-np.logaddexp(0.0, -(self.calibrated[piece] + steps)))

    def as_arrays(self) -> dict[str, NDArray[np.float64]]:
        """Write it as arrays by name, for a file; without the reason."""
        return {"logits": self.logits, "calibrated": self.calibrated}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        """Read what :meth:`as_arrays` wrote."""
        return cls(
            np.asarray(arrays["logits"], np.float64),
            np.asarray(arrays["calibrated"], np.float64),
        )


def fit_calibration(
    labels: ArrayLike, probabilities: ArrayLike, method: str
) -> Calibration:
    """Fit the function under which probabilities are click rates.

    Args:
        labels: ``[R]`` of 0 and 1, of rows that the model was not trained on.
        probabilities: ``[R]`` in 0..1, the model's.
        method: ``temperature`` and ``platt`` (Platt, 1999) keep the order of all rows,
            ``isotonic`` (Zadrozny and Elkan, 2002) makes ties of some.

    Returns:
        The function; one that changes nothing, and says why, where the rows do not
        determine it: too few of a label, labels that the logit separates
        entirely, or a slope that is not above 0.

    Raises:
        ValueError: If lengths differ, a label is not 0/1, or a probability not in 0..1.
    """
    y = checked_labels(labels)
    logits = logits_of(checked_probabilities(probabilities, len(y)))
    rarer = int(min(y.sum(), len(y) - y.sum()))
    least = LEAST_ROWS[method]
    if rarer < least:
        text = f"{rarer} rows have the rarer label, and {method} needs {least}"
        return Calibration(unfitted=text)
    if _are_separated(y, logits):
        return Calibration(unfitted="no rows of both labels have similar probabilities")
    if method == "isotonic":
        return _fit_steps(y, logits)
    slope, intercept = _fit_line(y, logits, shift=method == "platt")
    if not slope > 0:
        text = f"the slope would be {slope:.3f}: clicks have lower probabilities"
        return Calibration(unfitted=text)
    return Calibration(calibrated=np.array([intercept, intercept + slope]))


def calibration_line(
    labels: ArrayLike, probabilities: ArrayLike
) -> tuple[float | None, float | None]:
    """Fit the label's logit as a straight line of the probability's (Cox, 1958).

    Args:
        labels: ``[R]`` of 0 and 1.
        probabilities: ``[R]`` in 0..1.

    Returns:
        Slope and intercept: 1 and 0 for calibrated probabilities; a slope below 1 is
        over-confidence. None where the rows do not determine them.

    Raises:
        ValueError: If lengths differ, a label is not 0/1, or a probability not in 0..1.
    """
    y = checked_labels(labels)
    logits = logits_of(checked_probabilities(probabilities, len(y)))
    if _are_separated(y, logits):
        return None, None
    return _fit_line(y, logits, shift=True)


def calibration_curve(
    labels: ArrayLike, probabilities: ArrayLike, bins: int
) -> list[dict[str, float]]:
    """Compare click rate and mean probability in bins of equal mass.

    Args:
        labels: ``[R]`` of 0 and 1.
        probabilities: ``[R]`` in 0..1.
        bins: Number of bins; no more are used than there are rows.

    Returns:
        ``mean_probability`` and ``click_rate`` of each bin, rising in the former.

    Raises:
        ValueError: If lengths differ, a label is not 0/1, or a probability not in 0..1.
    """
    y = checked_labels(labels)
    p = checked_probabilities(probabilities, len(y))
    part = equal_parts(p, bins)
    return [
        {"mean_probability": float(p[inside].mean()), "click_rate": float(rate)}
        for number in np.unique(part)
        for inside in [part == number]
        for rate in [y[inside].mean()]
    ]


def logits_of(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute ``log(p / (1 - p))`` ``[R]``; finite at 0 and 1 too."""
    limits = np.finfo(np.float64)
    p = np.clip(probabilities, limits.tiny, 1 - limits.epsneg)
    return np.log(p) - np.log1p(-p)


def _are_separated(y: NDArray[np.int64], logits: NDArray[np.float64]) -> bool:
    """Whether a threshold divides the labels, so that no best line exists."""
    clicked, others = logits[y == 1], logits[y == 0]
    if not len(clicked) or not len(others):
        return True
    return bool(clicked.min() >= others.max() or clicked.max() <= others.min())


def _fit_line(
    y: NDArray[np.int64], logits: NDArray[np.float64], *, shift: bool
) -> tuple[float, float]:
    """Slope and intercept of most likelihood."""
    from sklearn.linear_model import LogisticRegression  # takes a second to import

    line = LogisticRegression(
        C=np.inf, fit_intercept=shift, solver="newton-cholesky", tol=1e-8
    ).fit(logits[:, None], y)
    return float(line.coef_[0, 0]), float(np.ravel(line.intercept_)[0])


def _fit_steps(y: NDArray[np.int64], logits: NDArray[np.float64]) -> Calibration:
    """Click rates of blocks of rows, which rise; level beyond the ends."""
    from sklearn.isotonic import IsotonicRegression

    # A block without a click, or with nothing else, is not certain.
    margin = 1 / (len(y) + 2)
    fitted = IsotonicRegression(y_min=margin, y_max=1 - margin).fit(logits, y)
    ends = fitted.X_thresholds_[[0, -1]] + (-1, 1)
    rates = logits_of(fitted.y_thresholds_)
    return Calibration(
        np.concatenate([ends[:1], fitted.X_thresholds_, ends[1:]]),
        np.concatenate([rates[:1], rates, rates[-1:]]),
    )
