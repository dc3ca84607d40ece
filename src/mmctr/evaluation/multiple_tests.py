"""p-values and Holm's correction."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmctr.evaluation.intervals import percentile_interval


def resampled_p_value(
    differences: NDArray[np.float64], confidence: float
) -> float | None:
    """Estimate a p-value from resampled differences.

    Two-sided: twice the smaller share of the resamples at or beyond zero, one added to
    both counts (Davison and Hinkley, 1997, section 4.2). It is the level at which the
    percentile interval begins to exclude zero, so the two always agree.

    Args:
        differences: ``[B]`` resampled differences; NaN where undefined.
        confidence: That of the percentile interval.

    Returns:
        A value in ``2 / (B + 1)`` .. 1; None where that interval is undefined.
    """
    if percentile_interval(differences, confidence) is None:
        return None
    defined = differences[~np.isnan(differences)]
    rarer = min(int((defined <= 0).sum()), int((defined >= 0).sum()))
    return min(2 * (rarer + 1) / (len(defined) + 1), 1.0)


def holm_adjust(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjust p-values of one family of tests (Holm, 1979).

    Args:
        p_values: One per test, in 0..1; None for a test that was not made.

    Returns:
        The adjusted values in the same order. Keeping those below a level bounds the
        chance of any false finding among all tests by that level.

    Raises:
        ValueError: If a value is outside 0..1.
    """
    made = [(p, place) for place, p in enumerate(p_values) if p is not None]
    wrong = [p for p, _ in made if math.isnan(p) or not 0 <= p <= 1]
    if wrong:
        raise ValueError(f"{wrong[0]} is not a p-value: expected 0..1")
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, place) in enumerate(sorted(made)):
        highest = max(highest, min((len(made) - rank) * p, 1.0))
        adjusted[place] = highest
    return adjusted
