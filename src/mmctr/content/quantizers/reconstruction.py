"""The vectors that codes stand for."""

import numpy as np

_ROWS = 16_384


def reconstruct_from_codes(
    vectors: np.ndarray, codes: np.ndarray, fitted: int | None = None
) -> np.ndarray:
    """Rebuild every item's vector from its codes and from nothing else.

    Position after position, a code stands for the mean of what the positions before it
    left over of the vectors that have it; an item's vector is the sum of what its codes
    stand for. For residual k-means these are its centroids; codes of any other
    quantiser are read in the same way, without its decoder.

    Args:
        vectors: ``[n_items + 1, d]`` float32; zero rows have no vector.
        codes: ``[n_items + 1, positions]`` int64, code + 1, 0 for padding.
        fitted: So many first rows say what codes stand for; None: all.

    Returns:
        ``[n_items + 1, d]`` float32; zeros for an item without a vector or codes.
    """
    there = np.asarray(vectors).any(axis=1) & (codes > 0).any(axis=1)
    rest = np.where(there[:, None], vectors, 0).astype(np.float32)
    decoded = np.zeros_like(rest)
    known = slice(fitted)
    n_codes = int(codes.max(initial=0)) + 1
    for column in codes.T:
        own = np.where(there, column, 0)
        counts = np.bincount(own[known], minlength=n_codes)
        order = np.argsort(own[known], kind="stable")
        codewords = np.zeros((n_codes, rest.shape[1]), np.float32)
        used = np.flatnonzero(counts)
        starts = (np.cumsum(counts) - counts)[used]
        codewords[used] = np.add.reduceat(rest[known][order], starts, axis=0)
        codewords /= np.maximum(counts, 1)[:, None]
        codewords[0] = 0
        for start in range(0, len(own), _ROWS):
            rows = slice(start, start + _ROWS)
            meant = codewords[own[rows]]
            decoded[rows] += meant
            rest[rows] -= meant
    return decoded
