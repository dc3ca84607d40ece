"""Equal events that differ in another column: one order, whatever the file's."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.preparation.numbered_log import HISTORY

_READ = {
    *("user_id", "item_id", "timestamp", "timestamp_fraction", "label"),
    "impression_id",
}


def order_equal_events(equal: np.ndarray, file_row: np.ndarray, log: pa.Table) -> None:
    """Put the file's rows of equal events in the order of their other columns' hashes.

    Args:
        equal: ``[events]`` bool, in time order: equal to the event before it.
        file_row: ``[events]`` rows of the file, clicks from before the log marked;
            changed in place. Those clicks come after rows that they equal.
        log: The rows.
    """
    others = [name for name in log.column_names if name not in _READ]
    if not others or not equal.any():
        return
    tied = equal.copy()
    tied[:-1] |= equal[1:]
    places = np.flatnonzero(tied)
    run = np.cumsum(~equal)[places]
    rows = file_row[places]
    earlier = rows == HISTORY
    hashes = np.zeros(len(rows), np.uint64)
    hashes[~earlier] = _hashes(log.select(others).take(pa.array(rows[~earlier])))
    file_row[places] = rows[np.lexsort((hashes, earlier, run))]


def _hashes(table: pa.Table) -> np.ndarray:
    """Hash each row ``[rows]`` uint64 by its values."""
    found = np.zeros(len(table), np.uint64)
    for column in table.columns:
        found *= np.uint64(1_000_003)
        found ^= pd.util.hash_array(_as_text(column))
    return found


def _as_text(column: pa.ChunkedArray) -> np.ndarray:
    try:
        texts = pc.fill_null(column.cast(pa.string()), "")
    except pa.ArrowException:  # lists and the like
        texts = pa.array([str(value) for value in column.to_pylist()], pa.string())
    return np.asarray(texts.to_pandas(), object)
