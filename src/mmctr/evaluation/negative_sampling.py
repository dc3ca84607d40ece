"""Probabilities of a model whose training saw a share of the negatives."""

import numpy as np
from numpy.typing import NDArray


def undo_negative_sampling(
    probabilities: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """Turn click rates among kept rows into those among all rows.

    Args:
        probabilities: ``q`` ``[R]`` in 0..1, among all positives and the kept
            negatives.
        share: Of the negatives that were kept, above 0; 1: all.

    Returns:
        ``q / (q + (1 - q) / share)`` (He et al., 2014).
    """
    if share == 1:
        return probabilities
    return probabilities / (probabilities + (1 - probabilities) / share)
