"""Cosines of items by what they hold of a large set: words, tags."""

import numpy as np
from scipy import sparse

from mmctr.data.row_statistics.rows import HistoryRows


def sparse_cosines(rows: HistoryRows, held: sparse.csr_matrix) -> np.ndarray:
    """Compare every history item with its row's target.

    Args:
        rows: ``P`` history items.
        held: ``[n_items + 1, set]`` float32 with rows of length 1, or 0 for an item
            that holds nothing.

    Returns:
        ``[P]`` float32.
    """
    if rows.only_history is not None:
        of_history = held[rows.only_history]
        dense = np.zeros(of_history.shape[::-1], np.float32)
        dense[of_history.indices, _rows_of(of_history)] = of_history.data
        return np.round(held[rows.items] @ dense, 5).ravel()
    products = held[rows.history].multiply(held[rows.targets])
    return np.round(np.asarray(products.sum(axis=1), np.float32).ravel(), 5)


def _rows_of(matrix: sparse.csr_matrix) -> np.ndarray:
    """The row of every stored value."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
