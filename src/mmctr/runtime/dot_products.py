"""Dot products of rows, whose bits do not depend on what else is computed."""

import numpy as np

_ROWS = 256


def dot_products(
    vectors: np.ndarray, rows: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Multiply some rows of a matrix with other vectors.

    Unlike a product of matrices, every result is the one that
    ``np.vecdot`` has of these two vectors alone.

    Args:
        vectors: ``[n, d]``.
        rows: ``[R]`` int64, the rows to take.
        others: ``[H, d]``.

    Returns:
        ``[R, H]``.
    """
    found = np.empty((len(rows), len(others)), vectors.dtype)
    # Few rows at a time stay in a core's cache.
    for start in range(0, len(rows), _ROWS):
        part = slice(start, start + _ROWS)
        np.vecdot(vectors[rows[part], None], others, out=found[part])
    return found
