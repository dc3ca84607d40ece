"""Rows of length 1."""

import numpy as np

_ROWS = 16_384


def normalize_rows(vectors: np.ndarray) -> None:
    """Scale the rows to length 1 in place, a part at a time; zero rows stay zero.

    Args:
        vectors: ``[n, d]`` finite floats. Lengths are taken in float64: squares of very
            small or very large float32 values leave its range.
    """
    for start in range(0, len(vectors), _ROWS):
        rows = vectors[start : start + _ROWS]
        lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
        rows[:] = rows / np.where(lengths > 0, lengths, 1.0)
