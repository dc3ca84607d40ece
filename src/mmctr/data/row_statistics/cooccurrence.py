"""Users that clicked both the target and an item of the history."""

import logging
from functools import cached_property

import numpy as np

from mmctr.data.row_statistics.event_log import EventLog, TimesByKey
from mmctr.data.row_statistics.pooling import pool_sparse
from mmctr.data.row_statistics.rows import HistoryRows, divided
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

    def _of_rows(self, rows: HistoryRows) -> tuple[np.ndarray, np.ndarray]:
        """Find history items that share users with their row's target.

        Returns:
            Their places among ``P``, ascending, and how many users had both.
        """
        if len(rows.contexts) > 1 or not isinstance(self._count, TimesByKey):
            known = (rows.users[rows.row], rows.as_of[rows.row])
            counts = self.count(rows.targets, rows.history, *known)
            # Most pairs of items share no user.
            places = np.flatnonzero(counts)
            places = places[rows.targets[places] != rows.history[places]]
            return places, counts[places]
        # One request: a history item's neighbours are fewer than all candidates.
        history = rows.contexts.history
        starts, others, keys = self._neighbours
        known = np.where(history < self._n_items, history, 0)
        at, ends = places_of_ranges(starts[known], starts[known + 1])
        of_history = np.repeat(np.arange(len(history)), np.diff(ends))
        row, asked = _rows_of_items(rows.items, others[at])
        at, of_history = at[asked], of_history[asked]
        counts = self._count.count_at(keys[at], int(rows.as_of[0]))
        places = row * len(history) + of_history
        some = np.flatnonzero((counts > 0) & (others[at] != history[of_history]))
        some = some[np.argsort(places[some])]
        return places[some], counts[some]

    @cached_property
    def _neighbours(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What shares a user with each item.

        Returns:
            ``[n_items + 1]`` int64, where those of each item begin; ``[N]`` the other
            items, and the places of these pairs' keys. Item 0 has none.
        """
        pairs = self._count.keys
        keys = np.flatnonzero(pairs >= 0)
        low, high = np.divmod(pairs[keys], self._n_items)
        items, others = np.append(low, high), np.append(high, low)
        order = np.argsort(items, kind="stable")
        starts = np.searchsorted(items[order], np.arange(self._n_items + 1))
        places = np.append(keys, keys)[order]
        return starts, others[order], places

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
        places, both = self._of_rows(rows)
        having, which = rows.having(places)
        target = self._log.count_items(
            rows.items[having], rows.users[having], rows.as_of[having]
        )
        of_history = _clicks_of_history(self._log, rows.contexts)
        product = target[which] * of_history[rows.place_in_contexts(places)]
        cosine = both / np.sqrt(np.maximum(product, 1))
        pooled = pool_sparse(rows, places, {"cosine": cosine, "users": np.log1p(both)})
        sharing = np.bincount(having[which], minlength=len(rows))
        return {**pooled, "share": divided(sharing, rows.lengths)}


def _rows_of_items(
    items: np.ndarray, asked: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find the rows of some items.

    Args:
        items: ``[R]`` int64, of the rows.
        asked: ``[N]`` int64.

    Returns:
        ``[M]`` int64 rows, and which of ``asked`` each has; an item may be in several.
    """
    of_item = np.full(max(items.max(initial=0), asked.max(initial=0)) + 1, -1)
    numbers = np.arange(len(items))
    of_item[items] = numbers
    row = of_item[asked]
    which = np.flatnonzero(row >= 0)
    row = row[which]
    last = of_item[items]
    if (last == numbers).all():
        return row, which
    order = np.argsort(last, kind="stable")
    places, ends = places_of_ranges(*np.searchsorted(last[order], [row, row + 1]))
    return order[places], which[np.repeat(np.arange(len(which)), np.diff(ends))]


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
