"""Click rates of what was shown: of the item, of the user, of both."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mmctr.data.row_statistics.event_log import Counter, EventLog
from mmctr.data.row_statistics.rows import HistoryRows
from mmctr.data.row_statistics.scales import DAY_SECONDS


@dataclass(frozen=True)
class Rates:
    """Impressions that rates are counted in.

    Clicks from before the log are not among them: they say nothing of what was shown.

    Attributes:
        shown: All of them.
        clicked: Those that were clicked.
    """

    shown: EventLog
    clicked: EventLog

    def statistics(
        self, rows: HistoryRows, windows_days: Sequence[float]
    ) -> dict[str, np.ndarray]:
        """Compute the statistics of kind ``rates``.

        Args:
            rows: ``R`` rows.
            windows_days: Windows before ``as_of``, ascending.

        Returns:
            ``[R]`` float32 each: ``shown``, log(1 + impressions of the target);
            ``lift``, log((1 + clicks) / (1 + clicks expected at the mean click rate)).
            With times also both in each window, ``shown_<days>d`` and
            ``lift_<days>d``; of the user, ``user_shown`` and ``user_lift``; and
            ``pair_shown``, log(1 + times that the user was shown the target).
        """
        users, as_of = rows.users, rows.as_of
        items = [count(rows.items, users, as_of) for count in self._count_items]
        rate = self.mean(users, as_of)
        found = _shown_and_lift("", "", items, rate)
        if self.shown.dated:
            for days in windows_days:
                start = as_of - round(days * DAY_SECONDS)
                counts = [
                    number - count(rows.items, users, start)
                    for number, count in zip(items, self._count_items, strict=True)
                ]
                found |= _shown_and_lift("", f"_{days:g}d", counts, rate)
            own = [log.by_user.count_before(users, as_of) for log in self._logs]
            found |= _shown_and_lift("user_", "", own, rate)
            pairs = self._count_pairs(self._pair(users, rows.items), users, as_of)
            found["pair_shown"] = np.log1p(pairs)
        return {name: column.astype(np.float32) for name, column in found.items()}

    def mean(self, users: np.ndarray, as_of: np.ndarray) -> np.ndarray:
        """The click rate that rows ``[N]`` may know."""
        total = [count(np.zeros_like(users), users, as_of) for count in self._count_all]
        return (total[1] + 1) / (total[0] + 2)

    @property
    def _logs(self) -> tuple[EventLog, EventLog]:
        return self.shown, self.clicked

    @property
    def _count_items(self) -> list[Counter]:
        return [log.count_items for log in self._logs]

    @cached_property
    def _count_all(self) -> list[Counter]:
        return [
            log.counter(np.zeros_like(log.users), log.users, log.times)
            for log in self._logs
        ]

    @cached_property
    def _count_pairs(self) -> Counter:
        log = self.shown
        return log.counter(self._pair(log.users, log.items), log.users, log.times)

    @cached_property
    def _n_items(self) -> int:
        return int(self.shown.items.max(initial=0)) + 1

    def _pair(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        known = (users >= 0) & (items < self._n_items)
        return np.where(known, users * self._n_items + items, -1)


def _shown_and_lift(
    before: str, after: str, counts: Sequence[np.ndarray], rate: np.ndarray
) -> dict[str, np.ndarray]:
    shown, clicked = counts
    return {
        f"{before}shown{after}": np.log1p(shown),
        f"{before}lift{after}": log_lift(shown, clicked, rate),
    }


def log_lift(shown: np.ndarray, clicked: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Log of (1 + clicks) over (1 + clicks expected at a mean click rate)."""
    return np.log((1 + clicked) / (1 + shown * rate))
