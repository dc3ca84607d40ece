"""Cosines of items by what they hold of a large set: words, tags."""

import numpy as np
from scipy import sparse

from mmctr.data.row_statistics.rows import HistoryRows
from mmctr.runtime.jagged import places_of_ranges


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
        history, starts = rows.only_history, held.indptr
        places, ends = places_of_ranges(starts[history], starts[history + 1])
        of_history = np.repeat(np.arange(len(history)), np.diff(ends))
        dense = np.zeros((held.shape[1], len(history)), np.float32)
        dense[held.indices[places], of_history] = held.data[places]
        return np.round(held[rows.items] @ dense, 5).ravel()
    products = held[rows.history].multiply(held[rows.targets])
    return np.round(np.asarray(products.sum(axis=1), np.float32).ravel(), 5)
