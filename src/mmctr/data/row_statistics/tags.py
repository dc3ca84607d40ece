"""Tags that target and history share."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from mmctr.data.fields.field import CODES, FIRST
from mmctr.data.row_statistics.pooling import pool
from mmctr.data.row_statistics.rows import HistoryRows
from mmctr.data.row_statistics.sparse_sets import sparse_cosines

_TAGS = f"{CODES}tags"


def tag_matrix(item_table: pa.Table) -> sparse.csr_matrix | None:
    """Lay tags out as a matrix.

    Args:
        item_table: With or without the field of tags; row i is item i and row 0 is
            padding.

    Returns:
        ``[n_items + 1, tags]`` float32, rows of length 1 or 0; None without tags.
    """
    if _TAGS not in item_table.column_names:
        return None
    lists = item_table[_TAGS].combine_chunks()
    items = np.repeat(np.arange(len(lists)), pc.list_value_length(lists).to_numpy())
    flat = lists.flatten().to_numpy().astype(np.int64) - FIRST
    items, flat = items[flat >= 0], flat[flat >= 0]
    if not flat.size:
        return None
    lengths = np.bincount(items, minlength=len(lists))
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
    return pool(rows, {"shared": sparse_cosines(rows, tags)})
