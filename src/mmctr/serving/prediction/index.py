"""Events by user on the disk, sorted: what was before a moment is found in any log."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from mmctr.runtime.jagged import Jagged, take_ranges

_BUCKETS = 256
_SHIFT = np.uint64(56)
_EVENT = np.dtype(
    [("key", "<u8"), ("time", "<i8"), ("fraction", "<f8"), ("item", "<i4")]
)
_COLUMNS = ("key", "time", "item")

BEFORE_ALL = np.iinfo(np.int64).min
"""Time of what comes before everything."""


class IndexWriter:
    """Takes events in any order, and sorts them a 256th at a time."""

    def __init__(self, folder: Path) -> None:
        """Begin.

        Args:
            folder: An empty folder.
        """
        self._folder = folder

    def add(
        self,
        keys: np.ndarray,
        times: np.ndarray,
        fractions: np.ndarray,
        items: np.ndarray,
        *,
        once: bool = False,
    ) -> None:
        """Add events.

        Args:
            keys: ``[E]`` uint64, spread evenly; of their users or groups.
            times: ``[E]`` int64.
            fractions: ``[E]`` float64, decide the order within a time.
            items: ``[E]`` numbers of items.
            once: Whether of a key's events of an item, among all that are added so,
                only one counts: of the earliest time, the last of it.
        """
        events = np.empty(len(keys), _EVENT)
        for name, values in zip(
            _EVENT.names or (), (keys, times, fractions, items), strict=True
        ):
            events[name] = values
        buckets = (events["key"] >> _SHIFT).astype(np.int64)
        order = np.argsort(buckets, kind="stable")
        ends = np.cumsum(np.bincount(buckets, minlength=_BUCKETS))[:-1]
        for number, part in enumerate(np.split(events[order], ends)):
            if len(part):
                with self._bucket(number, once=once).open("ab") as file:
                    part.tofile(file)

    def finish(self) -> None:
        """Sort, and write the columns one behind the other."""
        files = {x: (self._folder / f"{x}.bin").open("wb") for x in _COLUMNS}
        try:
            for number in range(_BUCKETS):
                events = _of_once(self._take(number, once=True))
                events = np.concatenate([events, self._take(number, once=False)])
                keys = ("fraction", "time", "key")
                order = np.lexsort([events[name] for name in keys])
                for name, file in files.items():
                    events[name][order].tofile(file)
        finally:
            for file in files.values():
                file.close()

    def _take(self, number: int, *, once: bool) -> np.ndarray:
        """Read a bucket and remove it."""
        path = self._bucket(number, once=once)
        if not path.exists():
            return np.empty(0, _EVENT)
        events = np.fromfile(path, _EVENT)
        path.unlink()
        return events

    def _bucket(self, number: int, *, once: bool) -> Path:
        return self._folder / f"{'once' if once else 'bucket'}-{number:03d}"


def _of_once(events: np.ndarray) -> np.ndarray:
    """Of each key and item the last event of its earliest time."""
    keys = (-events["fraction"], events["time"], events["item"], events["key"])
    events = events[np.lexsort(keys)]
    is_first = np.ones(len(events), bool)
    for name in ("key", "item"):
        is_first[1:] &= events[name][1:] == events[name][:-1]
    is_first[1:] = ~is_first[1:]
    return events[is_first]


@dataclass(frozen=True)
class EventIndex:
    """Events sorted by key and time, mapped into memory.

    Attributes:
        keys: ``[E]`` uint64.
        times: ``[E]`` int64.
        items: ``[E]`` int32.
    """

    keys: np.ndarray
    times: np.ndarray
    items: np.ndarray

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map the columns; what was read of them is forgotten with the object."""
        return cls(*(_mapped(folder / f"{x}.bin", _EVENT[x]) for x in _COLUMNS))

    def ranges(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the events of keys ``[R]``: first places and places after the last."""
        distinct, places = np.unique(keys, return_inverse=True)
        return (
            np.searchsorted(self.keys, distinct, "left")[places],
            np.searchsorted(self.keys, distinct, "right")[places],
        )

    def latest_before(
        self, keys: np.ndarray, moments: np.ndarray, length: int
    ) -> Jagged:
        """Find the newest items of each key strictly before a moment.

        Args:
            keys: ``[R]`` uint64.
            moments: ``[R]`` int64.
            length: Most items of each.

        Returns:
            Items, oldest first, row after row, and their ``[R + 1]`` offsets.
        """
        first, end = self.ranges(keys)
        low, high = first, end
        while (is_open := low < high).any():
            middle = np.where(is_open, (low + high) // 2, first)
            # Where nothing is open, any place will do.
            times = self.times[np.minimum(middle, len(self.times) - 1)]
            is_before = times < moments
            low = np.where(is_open & is_before, middle + 1, low)
            high = np.where(is_open & ~is_before, middle, high)
        return take_ranges(self.items, np.maximum(first, low - length), low)

    def first_times(self, first: np.ndarray) -> np.ndarray:
        """Times at places ``[R]``."""
        return np.asarray(self.times[first])


def _mapped(path: Path, kind: np.dtype) -> np.ndarray:
    count = os.path.getsize(path) // kind.itemsize
    # A file without a byte can't be mapped.
    return np.memmap(path, kind, "r") if count else np.zeros(0, kind)
