"""How often, how recently and for how long an item has been clicked."""

from collections.abc import Sequence

import numpy as np

from mmctr.data.row_statistics.event_log import EventLog
from mmctr.data.row_statistics.rows import HistoryRows
from mmctr.data.row_statistics.scales import DAY_SECONDS, log_days


class Popularity:
    """Numbers of items, kept for one moment: the one that was asked for twice.

    A service is asked as of its last event, again and again.
    """

    def __init__(self, log: EventLog, windows_days: Sequence[float]) -> None:
        """Count in a log.

        Args:
            log: Clicks.
            windows_days: Windows before the time of a row, ascending.
        """
        self._log = log
        self._windows = windows_days
        self._moment: int | None = None
        self._kept: tuple[int, dict[str, np.ndarray]] | None = None

    def of_targets_and_histories(
        self, rows: HistoryRows
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Of the rows' targets ``[R]``, and of the history items of its contexts."""
        kept, contexts = self._of_all(rows.as_of), rows.contexts
        if kept is not None:
            # Those behind the last item with an event are like item 0, without any.
            known = len(kept["events"])
            targets, history = (
                np.where(items < known, items, 0)
                for items in (rows.items, contexts.history)
            )
            return (
                {name: values[targets] for name, values in kept.items()},
                {name: values[history] for name, values in kept.items()},
            )
        users, as_of = contexts.users[contexts.row], contexts.as_of[contexts.row]
        log, days = self._log, self._windows
        return (
            _of_items(log, rows.items, rows.users, rows.as_of, days),
            _of_items(log, contexts.history, users, as_of, days),
        )

    def _of_all(self, as_of: np.ndarray) -> dict[str, np.ndarray] | None:
        """Of all items with events, if rows share a time that came before."""
        if not self._log.dated or not len(as_of) or (as_of != as_of[0]).any():
            return None
        moment, kept = int(as_of[0]), self._kept
        if kept is not None and kept[0] == moment:
            return kept[1]
        if self._moment != moment:
            self._moment = moment
            return None
        items = np.arange(self._log.items.max(initial=0) + 1)
        times = np.full(len(items), moment)
        nobody = np.full(len(items), -1)
        found = _of_items(self._log, items, nobody, times, self._windows)
        self._kept = (moment, found)
        return found


def popularity_statistics(
    rows: HistoryRows, popularity: Popularity
) -> dict[str, np.ndarray]:
    """Compute the statistics of kind ``popularity``.

    Args:
        rows: ``R`` rows.
        popularity: Counts clicks.

    Returns:
        ``[R]`` float32 each: ``events``, log(1 + the target's clicks). With times also
        ``events_<days>d`` in each window; ``trend``, the first window's rate over the
        last one's, as a difference of logs; ``age`` and ``idle``, log(1 + days since
        its first and last click), NaN without. ``history_*`` is the mean of the same
        over the history's items, ``*_over_history`` the target's less that.
    """
    found, history = popularity.of_targets_and_histories(rows)
    contexts = rows.contexts
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
