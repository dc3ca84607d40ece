"""How far shares have moved: the population stability index."""

import numpy as np
from numpy.typing import ArrayLike

_LEAST_SHARE = 1e-4
"""An empty bin counts as this share, or the index would be infinite."""


def stability_index(expected: ArrayLike, counts: ArrayLike) -> float | None:
    """Compare counts with expected shares: the sum of (p - q) log(p / q) over bins.

    Args:
        expected: ``[bins]`` shares.
        counts: ``[bins]``.

    Returns:
        0 where the shares are the same; None without counts.
    """
    found = np.asarray(counts, np.float64)
    if not found.sum():
        return None
    p = np.maximum(found / found.sum(), _LEAST_SHARE)
    q = np.maximum(np.asarray(expected, np.float64), _LEAST_SHARE)
    return float(((p - q) * np.log(p / q)).sum())


def chance_index(bins: int, expected_rows: int, rows: int) -> float | None:
    """The index that two independent draws of the same shares have on average.

    Args:
        bins: Number of bins.
        expected_rows: Rows behind the expected shares.
        rows: Rows behind the counts.
    """
    if not (expected_rows and rows):
        return None
    return (bins - 1) * (1 / expected_rows + 1 / rows)
