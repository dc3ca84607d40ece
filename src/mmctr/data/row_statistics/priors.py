"""What is known of items that share an item's first codes."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from mmctr.data.row_statistics.event_log import Counter, EventLog
from mmctr.data.row_statistics.rates import Rates, log_lift
from mmctr.data.row_statistics.rows import HistoryRows
from mmctr.data.row_statistics.scales import DAY_SECONDS

_ALONE = -1


class Priors:
    """Counts of items with the same first codes, which a new item has from the start.

    Residual codes make a tree: the more codes are shared, the more alike are items.
    """

    def __init__(
        self,
        log: EventLog,
        rates: Rates | None,
        codes: Mapping[str, np.ndarray],
        levels: int,
        window_days: float,
    ) -> None:
        """Prepare to count.

        Args:
            log: Clicks.
            rates: What was shown and clicked; None: a log of clicks.
            codes: By modality ``[n_items + 1, positions]`` code + 1, row 0 is padding.
            levels: Most codes that are shared.
            window_days: Days before the time of a row that are counted apart.
        """
        self._log = log
        self._window = round(window_days * DAY_SECONDS)
        self._suffix = f"{window_days:g}d"
        self._rates = rates
        self._groups: dict[str, _Counters] = {}
        for modality, matrix in codes.items():
            for level in range(1, min(levels, matrix.shape[1]) + 1):
                keys = keys_of_prefixes(matrix[:, :level])
                self._groups[f"{modality}_{level}"] = _Counters(keys, log, rates)

    def statistics(self, rows: HistoryRows) -> dict[str, np.ndarray]:
        """Compute the statistics of kind ``priors``.

        Args:
            rows: ``R`` rows.

        Returns:
            ``[R]`` float32 each. Of each modality and number of first codes,
            ``<modality>_<codes>_``: ``events``, log(1 + clicks of items that share
            them with the target), with times also in the first window; of a log of
            impressions ``lift``, log((1 + clicks) / (1 + clicks expected at the mean
            click rate)). ``history_*`` is the mean of the same over the history's
            items, NaN without history.
        """
        contexts = rows.contexts
        users, as_of = (x[contexts.row] for x in (contexts.users, contexts.as_of))
        found: dict[str, np.ndarray] = {}
        for prefix, counters in self._groups.items():
            of_targets = self._of_items(counters, rows.items, rows.users, rows.as_of)
            of_history = self._of_items(counters, contexts.history, users, as_of)
            for (name, values), (_, own) in zip(of_targets, of_history, strict=True):
                found[f"{prefix}_{name}"] = values
                mean = contexts.mean(own)
                found[f"history_{prefix}_{name}"] = mean[rows.context]
        return found

    def _of_items(
        self,
        counters: "_Counters",
        items: np.ndarray,
        users: np.ndarray,
        as_of: np.ndarray,
    ) -> Iterator[tuple[str, np.ndarray]]:
        """Numbers of any items: names and ``[N]`` float32 each."""
        keys = counters.keys[items]
        known = keys != _ALONE

        def count(counter: Counter, times: np.ndarray) -> np.ndarray:
            return np.where(known, counter(keys, users, times), 0)

        total = count(counters.clicks, as_of)
        yield "events", np.log1p(total).astype(np.float32)
        if self._log.dated:
            recent = total - count(counters.clicks, as_of - self._window)
            yield f"events_{self._suffix}", np.log1p(recent).astype(np.float32)
        if self._rates is not None:
            shown, clicked = (count(each, as_of) for each in counters.rates)
            lift = log_lift(shown, clicked, self._rates.mean(users, as_of))
            yield "lift", lift.astype(np.float32)


class _Counters:
    """Counters of the events of each prefix.

    Attributes:
        keys: ``[n_items + 1]`` int64, equal for items that share their first codes.
        clicks: Counts clicks.
        rates: Count what was shown, and what of it was clicked; nothing in a log of
            clicks.
    """

    def __init__(self, keys: np.ndarray, log: EventLog, rates: Rates | None) -> None:
        self.keys = keys
        self.clicks = self._counter(log)
        logs: Sequence[EventLog] = () if rates is None else (rates.shown, rates.clicked)
        self.rates = [self._counter(each) for each in logs]

    def _counter(self, log: EventLog) -> Counter:
        return log.counter(self.keys[log.items], log.users, log.times)


def keys_of_prefixes(codes: np.ndarray) -> np.ndarray:
    """Number the rows of a matrix of codes ``[N, n]``, equal rows alike.

    Returns:
        ``[N]`` int64; -1 for a row of zeros, which is padding or an item without
        content.
    """
    keys = np.unique(codes, axis=0, return_inverse=True)[1].reshape(-1)
    return np.where((codes > 0).any(axis=1), keys, _ALONE)
