"""Which of a part's clicks each of its rows may draw from."""

from typing import NamedTuple

import numpy as np

from mmctr.data.preparation.positives import Positives
from mmctr.data.preparation.taken_items import TakenItems
from mmctr.data.preparation.windows import Windows


class DrawRanges(NamedTuple):
    """Of each row ``[R]`` the part of the pool that it draws from.

    Attributes:
        first: int32 or int64 first place in the pool.
        last: Place after the last.
        drawable: bool, whether enough items are new to the user.
    """

    first: np.ndarray
    last: np.ndarray
    drawable: np.ndarray


class _Pool(NamedTuple):
    """Clicks to draw from: their items, and where those of each window begin."""

    items: np.ndarray
    bounds: np.ndarray
    windows: Windows

    def within(self, low: int, high: int) -> tuple[int, int]:
        """Places of the clicks of windows from a number until another."""
        at = np.searchsorted(self.windows.numbers, [low, high])
        first, last = self.bounds[at].tolist()
        return first, last

    def window_of(self, place: int) -> int:
        """Number of the window of a click."""
        at = np.searchsorted(self.bounds, place, side="right") - 1
        return int(self.windows.numbers[at])


def find_ranges(
    positives: Positives,
    pool: np.ndarray,
    taken: TakenItems,
    windows: Windows,
    wanted: tuple[int, int],
) -> DrawRanges:
    """Find for each row the windows around it that hold enough items to draw.

    Args:
        positives: The part's.
        pool: ``[P]`` rows whose items are drawn, ascending.
        taken: What users have clicked up to the end of the part.
        windows: Of the part.
        wanted: Items new to the user under which a window is widened, and under which
            nothing is drawn.
    """
    clicks = _Pool(
        positives.items_of(pool), np.searchsorted(pool, windows.bounds), windows
    )
    first, last = np.empty((2, len(positives)), pool.dtype)
    drawable = np.ones(len(positives), bool)
    for number, rows in zip(windows.numbers.tolist(), windows.slices(), strict=True):
        low, high = clicks.within(number, number + 1)
        first[rows], last[rows] = low, high
        around = np.zeros(taken.n_items + 1, bool)
        around[clicks.items[low:high]] = True
        users = positives.users[positives.events[rows]]
        # Whoever has clicked few items needs no closer look.
        few = around.sum() - taken.counts(users) < max(wanted)
        waiting = np.flatnonzero(few)
        if not waiting.size:
            continue
        users, user_of = np.unique(users[waiting], return_inverse=True)
        found = _widen(clicks, taken, users, number, around, wanted)
        waiting += rows.start
        first[waiting], last[waiting], drawable[waiting] = found[:, user_of]
    return DrawRanges(first, last, drawable)


def _widen(
    clicks: _Pool,
    taken: TakenItems,
    users: np.ndarray,
    number: int,
    around: np.ndarray,
    wanted: tuple[int, int],
) -> np.ndarray:
    """The ranges ``[3, U]`` of users of a window, and whether they may draw.

    Args:
        clicks: All there are.
        taken: What users have clicked.
        users: ``[U]`` codes.
        number: The window's.
        around: ``[n_items + 1]`` bool, its items; changed in place.
        wanted: As in :func:`find_ranges`.
    """
    found = np.zeros((3, len(users)), np.int64)
    waiting = np.arange(len(users))
    low, high = clicks.within(number, number + 1)
    while True:
        counts = around.sum() - taken.count_among(users[waiting], around)
        is_whole = low == 0 and high == len(clicks.items)
        done = (counts >= wanted[0]) | is_whole
        found[0, waiting[done]], found[1, waiting[done]] = low, high
        found[2, waiting[done]] = counts[done] >= wanted[1]
        waiting = waiting[~done]
        if not waiting.size:
            return found
        # Widen straight to the nearest window with a click.
        nearest = [number - clicks.window_of(low - 1)] if low else []
        if high < len(clicks.items):
            nearest.append(clicks.window_of(high) - number)
        radius = min(nearest)
        wider = clicks.within(number - radius, number + radius + 1)
        around[clicks.items[wider[0] : low]] = True
        around[clicks.items[high : wider[1]]] = True
        low, high = wider
