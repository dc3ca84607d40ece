"""Counts of the events that a row may know, for any key, by binary search."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Counter = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Keys, users and as-of times ``[N]`` to numbers of events that may be known, int64."""

_NEVER = np.iinfo(np.int64).max

FOLDS = 10
"""Parts of the users, where rows know the events of the other parts alone."""


class TimesByKey:
    """Times of the events of each key, sorted.

    A key and a time are one number, so that counting is a binary search.
    """

    def __init__(self, keys: np.ndarray, times: np.ndarray) -> None:
        """Sort ``[E]`` int64 keys, of any values, with their times, seconds."""
        if not len(keys):
            # An event of a key that nobody asks for: there is a place to look at.
            keys, times = np.array([-(2**62)]), np.zeros(1, np.int64)
        self._first_time = int(times.min(initial=0))
        # One more than the latest time is needed to count all events.
        self._span = int(times.max(initial=0)) - self._first_time + 2
        order = np.lexsort((times, keys))
        keys = keys[order]
        self._starts = np.flatnonzero(np.diff(keys, prepend=keys[:1] - 1))
        self._keys = keys[self._starts]
        number = np.zeros(len(keys), np.int64)
        number[self._starts[1:]] = 1
        np.cumsum(number, out=number)
        number *= self._span
        number += times[order]
        number -= self._first_time
        self._joint = number
        # The moment after all events, and where those of each key end.
        self._end = self._first_time + self._span - 1
        self._next = np.append(self._starts[1:], len(keys))

    @property
    def keys(self) -> np.ndarray:
        """``[K]`` int64, the distinct keys, ascending."""
        return self._keys

    def count_before(self, keys: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """Count each key's events before a moment: ``[N]`` int64."""
        places, known = self._places(keys)
        return np.where(known, self._ends(places, moments) - self._starts[places], 0)

    def count_at(self, places: np.ndarray, moment: int) -> np.ndarray:
        """Count the events before a moment of keys, by their place in ``keys``."""
        return self._ends(places, np.int64(moment)) - self._starts[places]

    def __call__(
        self, keys: np.ndarray, users: np.ndarray, as_of: np.ndarray
    ) -> np.ndarray:
        """Count what rows may know: what was before."""
        return self.count_before(keys, as_of)

    def since_last(self, keys: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """Seconds ``[N]`` float64 since the last event before a moment; NaN if none."""
        places, known = self._places(keys)
        ends = self._ends(places, moments)
        some = known & (ends > self._starts[places])
        return np.where(some, moments - self._time_at(ends - 1, places), np.nan)

    def since_first(self, keys: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """Seconds ``[N]`` float64 since the first event; NaN if none is before."""
        places, known = self._places(keys)
        since = moments - self._time_at(self._starts[places], places)
        return np.where(known & (since > 0), since.astype(np.float64), np.nan)

    def _places(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        places = np.searchsorted(self._keys, keys)
        places = np.minimum(places, len(self._keys) - 1)
        return places, self._keys[places] == keys

    def _ends(self, places: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """Place after the last event before a moment."""
        if np.min(moments, initial=_NEVER) >= self._end:
            return self._next[places]
        offset = np.clip(moments - self._first_time, 0, self._span - 1)
        return np.searchsorted(self._joint, places * self._span + offset)

    def _time_at(self, at: np.ndarray, places: np.ndarray) -> np.ndarray:
        found = self._joint[np.clip(at, 0, len(self._joint) - 1)]
        return found - places * self._span + self._first_time


class OthersByKey:
    """Numbers of events of each key by users of other folds.

    All rows of a fold know the same, whatever their labels. Were only a user's own
    events left out, a clicked row would know one click less than its neighbours.
    """

    def __init__(self, keys: np.ndarray, folds: np.ndarray) -> None:
        """Count ``[E]`` int64 keys, by the folds of their users."""
        self._all = np.unique(keys, return_counts=True)
        self._own = np.unique(keys * FOLDS + folds, return_counts=True)

    def count(self, keys: np.ndarray, folds: np.ndarray) -> np.ndarray:
        """Count each key's events of other folds: ``[N]`` int64."""
        return _looked_up(self._all, keys) - _looked_up(self._own, keys * FOLDS + folds)


def _looked_up(counts: tuple[np.ndarray, np.ndarray], keys: np.ndarray) -> np.ndarray:
    known, numbers = counts
    if not len(known):
        return np.zeros(len(keys), np.int64)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[places] == keys, numbers[places], 0)


@dataclass(frozen=True)
class EventLog:
    """Events that statistics may count: clicks, or whatever was shown.

    Attributes:
        users: ``[E]`` int64 codes from 0.
        items: ``[E]`` int64 from 1.
        times: ``[E]`` int64, unix seconds; 0 where ``dated`` is False.
        dated: Whether the source has times; without, every event counts always.
        user_ids: The users' ids by their code.
        of_others: Whether a row knows only the events of users of other folds,
            whenever they were; ``dated`` is False then.
    """

    users: np.ndarray
    items: np.ndarray
    times: np.ndarray
    dated: bool
    user_ids: pa.Array
    of_others: bool = False

    @classmethod
    def from_arrow(cls, events: pa.Table, *, of_others: bool = False) -> Self:
        """Read the table ``events`` of the preparation.

        Args:
            events: All of it, or some.
            of_others: Whether rows know only the events of users of other folds.

        Raises:
            ValueError: If only some events have a time.
        """
        times = events["timestamp"]
        if times.null_count not in (0, len(times)):
            raise ValueError(
                "events: column 'timestamp' is empty in some rows and set in others; "
                "prepare again: kedro run --pipeline preparation"
            )
        has_times = times.null_count == 0 and len(times) > 0
        coded = events["user_id"].combine_chunks().dictionary_encode()
        return cls(
            users=coded.indices.to_numpy().astype(np.int64),
            items=events["item_id"].to_numpy(),
            times=times.to_numpy() if has_times else np.zeros(len(times), np.int64),
            dated=has_times and not of_others,
            user_ids=coded.dictionary,
            of_others=of_others,
        )

    def select(self, chosen: np.ndarray) -> Self:
        """Some of the events, chosen by ``[E]`` bool; users keep their codes."""
        arrays = {name: getattr(self, name)[chosen] for name in ("users", "items")}
        return replace(self, times=self.times[chosen], **arrays)

    def counter(
        self, keys: np.ndarray, users: np.ndarray, times: np.ndarray
    ) -> Counter:
        """Prepare to count events of keys.

        Args:
            keys: ``[n]`` int64.
            users: ``[n]`` codes of their users.
            times: ``[n]`` int64.

        Returns:
            What counts a key's events that a row of a user may know.
        """
        if self.of_others:
            folds = self._folds
            others = OthersByKey(keys, folds[users])
            return lambda keys, users, _: others.count(keys, folds[users])
        return TimesByKey(keys, times)

    @cached_property
    def count_items(self) -> Counter:
        """Counts the events of items."""
        return self.counter(self.items, self.users, self.times)

    def codes_of(self, user_ids: pa.ChunkedArray) -> np.ndarray:
        """Codes ``[N]`` int64 of users; -1 for those without an event."""
        if user_ids.null_count == len(user_ids):
            return np.full(len(user_ids), -1)
        distinct = user_ids.unique()
        if len(distinct) == 1:
            # A request has one user; a table of all would be made to look it up.
            return np.full(len(user_ids), pc.index(self.user_ids, distinct[0]).as_py())
        codes = pc.index_in(user_ids, value_set=self.user_ids)
        return pc.fill_null(codes, -1).to_numpy().astype(np.int64)

    @cached_property
    def _folds(self) -> np.ndarray:
        """``[users + 1]`` int64, by the order of their ids; the last is of no user."""
        folds = np.zeros(len(self.user_ids) + 1, np.int64)
        order = pc.sort_indices(self.user_ids).to_numpy()
        folds[order] = np.arange(len(order)) % FOLDS
        return folds

    @cached_property
    def by_item(self) -> TimesByKey:
        """Times of each item's events."""
        return TimesByKey(self.items, self.times)

    @cached_property
    def by_user(self) -> TimesByKey:
        """Times of each user's events."""
        return TimesByKey(self.users, self.times)
