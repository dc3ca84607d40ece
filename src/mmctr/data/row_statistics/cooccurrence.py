"""Users that clicked both the target and an item of the history."""

import logging
from functools import cached_property

import numpy as np

from mmctr.data.row_statistics.event_log import EventLog, TimesByKey
from mmctr.data.row_statistics.rows import HistoryRows
from mmctr.runtime.jagged import places_of_ranges

logger = logging.getLogger(__name__)


class Cooccurrence:
    """Pairs of items that one user clicked, with the time of the later click.

    Item-to-item neighbourhoods (Linden et al., 2003) that know their time.
    """

    def __init__(self, log: EventLog, reach: int, max_pairs: int) -> None:
        """Count each click together with the same user's earlier items.

        Args:
            log: Clicks; a repeat of an item counts once, at its first time.
            reach: Earlier items that a click is paired with, the newest.
            max_pairs: Most pairs in memory; the reach is cut to stay below.
        """
        self._log = log
        self._n_items = int(log.items.max(initial=0)) + 1
        users, items, times = _first_clicks(log, self._n_items)
        place = np.arange(len(users)) - np.searchsorted(users, users)
        reach = _affordable(place, reach, max_pairs)
        pairs = [(np.zeros(0, np.int64),) * 3]
        for back in range(1, reach + 1):
            later = np.flatnonzero(place >= back)
            if not later.size:
                break
            keys = self._key(items[later], items[later - back])
            pairs.append((keys, users[later], times[later]))
        columns = (np.concatenate(each) for each in zip(*pairs, strict=True))
        self._count = log.counter(*columns)

    def count(
        self,
        left: np.ndarray,
        right: np.ndarray,
        users: np.ndarray,
        as_of: np.ndarray,
    ) -> np.ndarray:
        """Count the users that had both, of those a row may know: ``[N]`` int64."""
        return self._count(self._key(left, right), users, as_of)

    def _key(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        low, high = np.minimum(left, right), np.maximum(left, right)
        # Items without events have no pairs, and must not look like another one's.
        known = high < self._n_items
        return np.where(known, low * self._n_items + high, -1)

    def _of_rows(self, rows: HistoryRows) -> np.ndarray:
        """``[P]`` int64 users that had both history item and its row's target."""
        counts = self._count
        if len(rows.contexts) > 1 or not isinstance(counts, TimesByKey):
            known = (rows.users[rows.row], rows.as_of[rows.row])
            return self.count(rows.targets, rows.history, *known)
        # One request: a history item's neighbours are fewer than all candidates.
        history = rows.contexts.history
        others, places, of_history = self._neighbours(history)
        distinct, targets = np.unique(rows.items, return_inverse=True)
        at = np.minimum(np.searchsorted(distinct, others), len(distinct) - 1)
        asked = distinct[at] == others
        found = np.zeros((len(distinct), len(history)), np.int64)
        moment = int(rows.as_of[0])
        found[at[asked], of_history[asked]] = counts.count_at(places[asked], moment)
        return found[targets].ravel()

    def _neighbours(
        self, items: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find what shares a user with some items.

        Returns:
            ``[N]`` int64 each: the other items, the places of these pairs' keys, and
            which of the items it is.
        """
        keys, by_high, highs = self._pairs
        ends = np.stack([items, items + 1])
        low, of_low = places_of_ranges(*np.searchsorted(keys, ends * self._n_items))
        high, of_high = places_of_ranges(*np.searchsorted(highs, ends))
        high = by_high[high]
        others = (keys[low] % self._n_items, keys[high] // self._n_items)
        numbers = np.arange(len(items))
        of_items = [np.repeat(numbers, np.diff(ends)) for ends in (of_low, of_high)]
        return np.concatenate(others), np.append(low, high), np.concatenate(of_items)

    @cached_property
    def _pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distinct keys, their places in the order of the higher item, and that."""
        keys = self._count.keys
        highs = np.where(keys < 0, -1, keys % self._n_items)
        by_high = np.argsort(highs, kind="stable")
        return keys, by_high, highs[by_high]

    def statistics(self, rows: HistoryRows) -> dict[str, np.ndarray]:
        """Compute the statistics of kind ``cooccurrence``.

        Args:
            rows: ``R`` rows.

        Returns:
            ``[R]`` float32 each: ``cosine_*``, users with both over the root of the
            product of both items' clicks, pooled over the history; ``users_*``, the
            pooled log(1 + users with both); ``share``, of the history's items that
            share a user with the target, NaN without history.
        """
        counts = self._of_rows(rows)
        # Most pairs of items share no user.
        some = np.flatnonzero(counts)
        some = some[rows.items[rows.row[some]] != rows.history[some]]
        both, row = counts[some], rows.row[some]
        target = self._log.count_items(rows.items, rows.users, rows.as_of)[row]
        of_history = _clicks_of_history(self._log, rows.contexts)
        product = target * of_history[rows.place_in_contexts(some)]
        cosine = both / np.sqrt(np.maximum(product, 1))
        size = len(counts)
        return {
            **rows.pool("cosine", _scattered(cosine, some, size)),
            **rows.pool("users", _scattered(np.log1p(both), some, size)),
            "share": rows.mean(_scattered(np.ones(len(some)), some, size)),
        }


def _scattered(values: np.ndarray, places: np.ndarray, size: int) -> np.ndarray:
    """``[size]`` float32, the values at their places and zeros elsewhere."""
    found = np.zeros(size, np.float32)
    found[places] = values
    return found


def _clicks_of_history(log: EventLog, rows: HistoryRows) -> np.ndarray:
    """``[P]`` float64 clicks of each history item that its row may know."""
    users, as_of = rows.users[rows.row], rows.as_of[rows.row]
    return log.count_items(rows.history, users, as_of).astype(np.float64)


def _first_clicks(
    log: EventLog, n_items: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each user's distinct items in time order: users, items and times ``[n]``."""
    order = np.lexsort((np.arange(len(log.users)), log.times, log.users))
    users, items, times = log.users[order], log.items[order], log.times[order]
    _, first = np.unique(users * n_items + items, return_index=True)
    first.sort()
    return users[first], items[first], times[first]


def _affordable(place: np.ndarray, reach: int, max_pairs: int) -> int:
    """The largest reach, up to the one asked for, with at most so many pairs."""
    with_place = np.bincount(np.minimum(place, reach), minlength=reach + 1)
    pairs = np.cumsum(with_place[::-1].cumsum()[::-1][1:])
    fitting = int(np.searchsorted(pairs, max_pairs, side="right"))
    if fitting < reach:
        logger.warning(
            "row statistics: %d pairs of items within row_statistics.pair_reach=%d are "
            "more than max_pairs=%d; each click is paired with %d earlier items",
            pairs[-1],
            reach,
            max_pairs,
            fitting,
        )
    return fitting
