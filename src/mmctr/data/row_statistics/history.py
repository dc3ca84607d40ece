"""What a history and its user are like: length, activity, repeats."""

import numpy as np

from mmctr.data.row_statistics.event_log import EventLog
from mmctr.data.row_statistics.rows import HistoryRows
from mmctr.data.row_statistics.scales import log_days


def history_statistics(rows: HistoryRows, log: EventLog) -> dict[str, np.ndarray]:
    """Compute the statistics of kind ``history``.

    Args:
        rows: ``R`` rows.
        log: Clicks.

    Returns:
        ``[R]`` float32 each: ``length``, log(1 + items); ``target_count``, log(1 +
        times that the target is in it); ``target_newer``, log(1 + items since then),
        NaN without; ``distinct``, share of distinct items, NaN without history. With
        times also ``user_events``, log(1 + the user's clicks before ``as_of``), and
        ``user_idle``, log(1 + days since the last of them), NaN without.
    """
    targets, history = rows.pairs(rows.items, rows.contexts.history)
    places = np.flatnonzero(targets == history)
    row = rows.row[places]
    newest = np.full(len(rows), np.inf)
    np.minimum.at(newest, row, rows.offsets[1:][row] - 1 - places)
    counts = np.bincount(row, minlength=len(rows))
    lengths = rows.lengths.astype(np.float32)
    found = {
        "length": np.log1p(lengths),
        "target_count": np.log1p(counts.astype(np.float32)),
        "target_newer": np.where(np.isinf(newest), np.nan, np.log1p(newest)),
    }
    contexts = rows.contexts
    found["distinct"] = _share_of_distinct(contexts)[rows.context]
    if log.dated:
        users = (contexts.users, contexts.as_of)
        events = np.log1p(log.by_user.count_before(*users))
        found["user_events"] = events[rows.context]
        found["user_idle"] = log_days(log.by_user.since_last(*users))[rows.context]
    return {name: column.astype(np.float32) for name, column in found.items()}


def _share_of_distinct(rows: HistoryRows) -> np.ndarray:
    """``[R]`` float64, NaN without history."""
    if len(rows) == 1 and len(rows.history):
        return np.array([len(np.unique(rows.history)) / len(rows.history)])
    # Sorted within each row: an item that differs from the one before is a new one.
    ordered = rows.history[np.lexsort((rows.history, rows.row))]
    is_new = np.diff(ordered, prepend=0) != 0
    is_new[rows.offsets[:-1][rows.lengths > 0]] = True
    distinct = rows.sum(is_new.astype(np.int64))
    return np.where(rows.lengths > 0, distinct / np.maximum(rows.lengths, 1), np.nan)
