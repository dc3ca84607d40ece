"""Bootstrap intervals, read from the percentiles of resampled values.

See Efron and Tibshirani (1993), chapter 13. Model and baseline are resampled with the
same draws, so that the spread they share cancels in their difference.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

# An interval of the few resamples that happen to have both classes would be too
# narrow to be honest.
MIN_DEFINED_SHARE = 0.9


def percentile_interval(
    values: NDArray[np.float64], confidence: float
) -> list[float] | None:
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
    return [float(low), float(high)]


def detectable_difference(
    values: NDArray[np.float64], confidence: float, power: float
) -> float | None:
    """Estimate the smallest true difference that rows like these would show.

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
