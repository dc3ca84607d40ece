"""How often, how recently and for how long an item has been clicked."""

from collections.abc import Sequence

import numpy as np

from mmctr.data.row_statistics.event_log import EventLog
from mmctr.data.row_statistics.rows import HistoryRows
from mmctr.data.row_statistics.scales import DAY_SECONDS, log_days


def popularity_statistics(
    rows: HistoryRows, log: EventLog, windows_days: Sequence[float]
) -> dict[str, np.ndarray]:
    """Compute the statistics of kind ``popularity``.

    Args:
        rows: ``R`` rows.
        log: Clicks.
        windows_days: Windows before ``as_of``, ascending.

    Returns:
        ``[R]`` float32 each: ``events``, log(1 + the target's clicks). With times also
        ``events_<days>d`` in each window; ``trend``, the first window's rate over the
        last one's, as a difference of logs; ``age`` and ``idle``, log(1 + days since
        its first and last click), NaN without. ``history_*`` is the mean of the same
        over the history's items, ``*_over_history`` the target's less that.
    """
    found = _of_items(log, rows.items, rows.users, rows.as_of, windows_days)
    contexts = rows.contexts
    known = (contexts.users[contexts.row], contexts.as_of[contexts.row])
    history = _of_items(log, contexts.history, *known, windows_days)
    for name, values in history.items():
        mean = _mean_of_known(contexts, values)[rows.context]
        found[f"history_{name}"] = mean
        found[f"{name}_over_history"] = found[name] - mean
    return found


def _mean_of_known(rows: HistoryRows, values: np.ndarray) -> np.ndarray:
    """``[R]`` float32 mean of the ``[P]`` values that are not NaN; NaN without any."""
    is_known = ~np.isnan(values)
    below = rows.sum(is_known.astype(np.float32))
    above = rows.sum(np.where(is_known, values, 0))
    nothing = np.full(len(rows), np.nan, np.float32)
    return np.divide(above, below, out=nothing, where=below > 0)


def _of_items(
    log: EventLog,
    items: np.ndarray,
    users: np.ndarray,
    as_of: np.ndarray,
    windows_days: Sequence[float],
) -> dict[str, np.ndarray]:
    """The same numbers of any items: ``[N]`` float32 each."""
    total = log.count_items(items, users, as_of)
    found = {"events": np.log1p(total)}
    if log.dated:
        counts = {
            days: total
            - log.by_item.count_before(items, as_of - round(days * DAY_SECONDS))
            for days in windows_days
        }
        found |= {f"events_{days:g}d": np.log1p(n) for days, n in counts.items()}
        short, long = windows_days[0], windows_days[-1]
        expected = counts[long] * (short / long)
        found["trend"] = np.log1p(counts[short]) - np.log1p(expected)
        found["age"] = log_days(log.by_item.since_first(items, as_of))
        found["idle"] = log_days(log.by_item.since_last(items, as_of))
    return {name: column.astype(np.float32) for name, column in found.items()}
