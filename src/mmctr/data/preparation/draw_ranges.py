"""Which of a part's clicks each of its rows may draw from."""

from typing import NamedTuple

import numpy as np

from mmctr.data.preparation.positives import Positives
from mmctr.data.preparation.taken_items import TakenItems
from mmctr.data.preparation.windows import Windows


class DrawRanges(NamedTuple):
    """Of each row ``[R]`` the windows that it draws from.

    Attributes:
        first: Place of the first one.
        last: Place after the last.
        drawable: bool, whether enough items are new to the user.
    """

    first: np.ndarray
    last: np.ndarray
    drawable: np.ndarray


class _Pool:
    """The clicks that are drawn, by window."""

    def __init__(
        self, positives: Positives, is_drawn: np.ndarray, windows: Windows
    ) -> None:
        self._positives, self._is_drawn = positives, is_drawn
        self.numbers, self.bounds = windows.numbers, windows.bounds
        each = np.add.reduceat(is_drawn, self.bounds[:-1], dtype=np.int64)
        self._before = np.append(0, np.cumsum(each))

    def windows(self, radius: int, number: int) -> tuple[int, int]:
        """Places of the windows around a number, the first and that after the last."""
        ends = [number - radius, number + radius + 1]
        first, last = np.searchsorted(self.numbers, ends).tolist()
        return first, last

    def items(self, first: int, last: int) -> np.ndarray:
        """Items of the clicks of some windows."""
        rows = slice(self.bounds[first], self.bounds[last])
        return self._positives.items_of(rows)[self._is_drawn[rows]]

    def nearest(self, first: int, last: int, number: int) -> int | None:
        """How far from a window the nearest click is outside of some; None: no more."""
        before, until = self._before[first], self._before[last]
        found = []
        if before > 0:
            found.append(number - self._number_of(before - 1))
        if until < self._before[-1]:
            found.append(self._number_of(until) - number)
        return min(found, default=None)

    def _number_of(self, click: int) -> int:
        place = np.searchsorted(self._before, click, side="right") - 1
        return int(self.numbers[place])


def find_ranges(
    positives: Positives,
    is_drawn: np.ndarray,
    taken: TakenItems,
    windows: Windows,
    wanted: tuple[int, int],
) -> DrawRanges:
    """Find for each row the windows around it that hold enough items to draw.

    Args:
        positives: The part's.
        is_drawn: ``[R]`` bool, rows whose items are drawn; one at least.
        taken: What users have clicked up to the end of the part.
        windows: Of the part.
        wanted: Items new to the user under which a window is widened, and under which
            nothing is drawn.
    """
    pool = _Pool(positives, is_drawn, windows)
    # Of a long log a byte or two a row.
    first, last = np.empty((2, len(positives)), np.min_scalar_type(len(pool.bounds)))
    drawable = np.ones(len(positives), bool)
    for place, rows in enumerate(windows.slices()):
        first[rows], last[rows] = place, place + 1
        around = np.zeros(taken.n_items + 1, bool)
        around[pool.items(place, place + 1)] = True
        users = positives.users[positives.events[rows]]
        # Whoever has clicked few items needs no closer look.
        left = np.flatnonzero(around.sum() - taken.counts(users) < max(wanted))
        if not left.size:
            continue
        users, user_of = np.unique(users[left], return_inverse=True)
        number = int(windows.numbers[place])
        found = _widen(pool, taken, users, (number, around), wanted)[:, user_of]
        left += rows.start
        first[left], last[left], drawable[left] = found
    return DrawRanges(first, last, drawable)


def _widen(
    pool: _Pool,
    taken: TakenItems,
    users: np.ndarray,
    window: tuple[int, np.ndarray],
    wanted: tuple[int, int],
) -> np.ndarray:
    """The windows ``[2, U]`` that users of one draw from, and whether they may.

    Args:
        pool: What is drawn.
        taken: What users have clicked.
        users: ``[U]`` codes.
        window: Its number and, as ``[n_items + 1]`` bool, its items; changed in place.
        wanted: As in :func:`find_ranges`.
    """
    number, around = window
    found = np.zeros((3, len(users)), np.int64)
    waiting = np.arange(len(users))
    first, last = pool.windows(0, number)
    while True:
        counts = around.sum() - taken.count_among(users[waiting], around)
        # Widen straight to the nearest window with a click.
        radius = pool.nearest(first, last, number)
        done = (counts >= wanted[0]) | (radius is None)
        found[0, waiting[done]] = first
        found[1, waiting[done]] = last
        found[2, waiting[done]] = counts[done] >= wanted[1]
        waiting = waiting[~done]
        if radius is None or not waiting.size:
            return found
        wider = pool.windows(radius, number)
        around[pool.items(wider[0], first)] = True
        around[pool.items(last, wider[1])] = True
        first, last = wider
