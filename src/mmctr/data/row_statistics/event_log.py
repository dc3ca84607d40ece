"""Counts of events before a time, for any key and any time, by binary search."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


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

    def count_before(self, keys: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """Count each key's events before a moment: ``[N]`` int64."""
        places, known = self._places(keys)
        return np.where(known, self._ends(places, moments) - self._starts[places], 0)

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
        offset = np.clip(moments - self._first_time, 0, self._span - 1)
        return np.searchsorted(self._joint, places * self._span + offset)

    def _time_at(self, at: np.ndarray, places: np.ndarray) -> np.ndarray:
        found = self._joint[np.clip(at, 0, len(self._joint) - 1)]
        return found - places * self._span + self._first_time


@dataclass(frozen=True)
class EventLog:
    """Clicks that statistics may count.

    Attributes:
        users: ``[E]`` int64 codes from 0.
        items: ``[E]`` int64 from 1.
        times: ``[E]`` int64, unix seconds; 0 where ``dated`` is False.
        dated: Whether the source has times; without, every event counts always.
        user_ids: The users' ids by their code.
    """

    users: np.ndarray
    items: np.ndarray
    times: np.ndarray
    dated: bool
    user_ids: pa.Array

    @classmethod
    def from_arrow(cls, events: pa.Table) -> Self:
        """Read the table ``events`` of the preparation.

        Raises:
            ValueError: If only some events have a time.
        """
        times = events["timestamp"]
        if times.null_count not in (0, len(times)):
            raise ValueError(
                "events: column 'timestamp' is empty in some rows and set in others; "
                "prepare again: kedro run --pipeline preparation"
            )
        dated = times.null_count == 0 and len(times) > 0
        coded = events["user_id"].combine_chunks().dictionary_encode()
        return cls(
            users=coded.indices.to_numpy().astype(np.int64),
            items=events["item_id"].to_numpy(),
            times=times.to_numpy() if dated else np.zeros(len(times), np.int64),
            dated=dated,
            user_ids=coded.dictionary,
        )

    def codes_of(self, user_ids: pa.ChunkedArray) -> np.ndarray:
        """Codes ``[N]`` int64 of users; -1 for those without an event."""
        codes = pc.index_in(user_ids, value_set=self.user_ids)
        return pc.fill_null(codes, -1).to_numpy().astype(np.int64)

    @cached_property
    def by_item(self) -> TimesByKey:
        """Times of each item's events."""
        return TimesByKey(self.items, self.times)

    @cached_property
    def by_user(self) -> TimesByKey:
        """Times of each user's events."""
        return TimesByKey(self.users, self.times)
