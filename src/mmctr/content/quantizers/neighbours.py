"""Nearest neighbours by cosine, before and after quantising."""

import numpy as np


def neighbour_lists(
    spaces: tuple[np.ndarray, np.ndarray], queries: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest other items of the same items in two spaces.

    Args:
        spaces: Two arrays ``[n, d]`` float32, row i of both of item i.
        queries: Items whose neighbours are searched, int64 ``[q]``.
        count: Neighbours per item, at most n - 1.

    Returns:
        Items, nearest first, int64 ``[q, count]``, by the first and by the second.
    """
    first, second = (_nearest(vectors, queries, count) for vectors in spaces)
    return first, second


def overlap(first: np.ndarray, second: np.ndarray, count: int) -> np.ndarray:
    """Share of the first ``count`` of one list found among as many of the other.

    Args:
        first: Items, nearest first, ``[q, at least count]``.
        second: The same.
        count: Neighbours compared.

    Returns:
        float64 ``[q]``.
    """
    hits = first[:, :count, None] == second[:, None, :count]
    return hits.any(axis=2).mean(axis=1)


def with_direction(*spaces: np.ndarray) -> np.ndarray:
    """Numbers of the rows that are zero in none of the spaces, int64."""
    # An einsum in float64: squares of small float32 values would vanish.
    norms = [np.einsum("nd,nd->n", x, x, dtype=np.float64) for x in spaces]
    return np.flatnonzero(np.min(norms, axis=0) > 0)


def _nearest(vectors: np.ndarray, queries: np.ndarray, count: int) -> np.ndarray:
    import faiss

    unit = np.array(vectors, dtype=np.float32, order="C")
    faiss.normalize_L2(unit)
    index = faiss.IndexFlatIP(unit.shape[1])
    index.add(unit)
    found = index.search(unit[queries], count + 1)[1]
    others = found != queries[:, None]
    # Among items that coincide, a query may not be among its own nearest.
    others[others.all(axis=1), -1] = False
    return found[others].reshape(len(queries), count)
