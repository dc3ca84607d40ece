"""Tags that target and history share."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from mmctr.data.row_statistics.rows import HistoryRows
from mmctr.data.row_statistics.sparse_sets import sparse_cosines


def tag_matrix(tags: pa.ChunkedArray) -> sparse.csr_matrix | None:
    """Lay tags out as a matrix.

    Args:
        tags: A list of tags per item, row i is item i and row 0 is padding.

    Returns:
        ``[n_items + 1, tags]`` float32, rows of length 1 or 0; None without tags.
    """
    lists = tags.combine_chunks()
    flat = lists.flatten().to_numpy().astype(np.int64)
    if not flat.size:
        return None
    lengths = pc.list_value_length(lists).to_numpy()
    items = np.repeat(np.arange(len(lists)), lengths)
    values = (1 / np.sqrt(np.maximum(lengths, 1)))[items].astype(np.float32)
    shape = (len(lists), int(flat.max()) + 1)
    return sparse.csr_matrix((values, (items, flat)), shape)


def tag_statistics(
    rows: HistoryRows, tags: sparse.csr_matrix | None
) -> dict[str, np.ndarray]:
    """Compute the statistics of kind ``tags``.

    Args:
        rows: ``R`` rows.
        tags: From :func:`tag_matrix`; None: there are none, and no statistics.

    Returns:
        ``[R]`` float32 each, NaN without history: ``shared_*``, the pooled cosines of
        the sets of tags.
    """
    if tags is None:
        return {}
    return rows.pool("shared", sparse_cosines(rows, tags))
