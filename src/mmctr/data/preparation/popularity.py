"""How popular items are around a row: among users without them, and with them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmctr.data.preparation.free_items import FreeItems
from mmctr.data.preparation.positives import Positives
from mmctr.runtime.jagged import take_ranges

_TRIES = 30
_STEPS = 64
_PIECE_ROWS = 10_000


@dataclass(frozen=True)
class FirstClicks:
    """A part's clicks that are no repeats, to draw from, and where each row may.

    Attributes:
        items: ``[P]`` int64, in time order.
        weights: ``[P + 1]`` float64, sum of the weights of those before.
        first: ``[R]`` first place to draw from.
        last: ``[R]`` place after the last.
    """

    items: np.ndarray
    weights: np.ndarray
    first: np.ndarray
    last: np.ndarray

    def fill(
        self,
        negatives: np.ndarray,
        column: int,
        rows: np.ndarray,
        positives: Positives,
        rng: np.random.Generator,
    ) -> None:
        """Fill a column with items that the users have not clicked until then."""

        def keep(rows: np.ndarray, drawn: np.ndarray) -> np.ndarray:
            refused = positives.are_known(rows, drawn)
            refused |= (negatives[rows] == drawn[:, None]).any(axis=1)
            negatives[rows[~refused], column] = drawn[~refused]
            return refused

        for _ in range(_TRIES):
            if not rows.size:
                return
            rows = rows[keep(rows, self._draw(rows, rng))]
        # Who knows nearly everything draws from the rest alone.
        ranges = np.stack([self.first[rows], self.last[rows]])
        for low, high in np.unique(ranges, axis=1).T:
            mine = rows[(ranges == [[low], [high]]).all(axis=0)]
            weights = np.diff(self.weights[low : high + 1])
            free = FreeItems(self.items[low:high], weights, positives, mine)
            left = np.arange(len(mine))
            while left.size:
                left = left[keep(mine[left], free.draw(left, rng))]

    def _draw(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        low, high = self.weights[self.first[rows]], self.weights[self.last[rows]]
        drawn = low + rng.random(len(rows)) * (high - low)
        places = np.searchsorted(self.weights, drawn, side="right") - 1
        return self.items[np.clip(places, self.first[rows], self.last[rows] - 1)]


def first_click_weights(positives: Positives, window: np.ndarray) -> np.ndarray:
    """One over the share of a window's rows ``[R]`` whose history lacks the item.

    If users with and without an item were as likely to click it, its clicks in the
    window would be its first clicks times this.
    """
    weights = np.ones(len(positives))
    size = int(positives.clicks.items.max(initial=0)) + 1
    for rows in _windows(window):
        items, held = positives.items[rows], np.zeros(size)
        for _, history, _, is_first in _histories(positives, rows):
            held += np.bincount(history[is_first], minlength=size)
        holding = held[items]
        # A repeat's item may be in all histories; it is not drawn.
        weights[rows] /= np.maximum(1 - holding / len(items), 1 / len(items))
    return weights


def draw_repeats(
    positives: Positives,
    window: np.ndarray,
    columns: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw clicks of the rows' own histories, as many as positives are repeats.

    A click is as likely as positives repeat clicks of items that are as popular in the
    window (in doubling steps): items that have gone out of use are hardly drawn.

    The share of repeats is that of the positives with as many clicks and different
    items in the history (in doubling steps), as far as there are others than their own.

    Args:
        positives: The part's.
        window: ``[R]`` int64, ascending.
        columns: Most per row.
        rng: The source of randomness.

    Returns:
        ``[R, columns]`` int32 items, distinct within a row and other than its own; 0
        where there is none.
    """
    found = np.zeros((len(positives), columns), np.int32)
    if not positives.repeats.any():
        return found
    distinct, clicks, repeats = _count_histories(positives, window)
    odds = (repeats + 1) / (clicks + clicks.sum() / repeats.sum())
    is_repeat = _choose_repeats(positives, distinct, columns, rng)
    for within in _windows(window):
        step = _popularity_steps(positives, within)
        for rows, history, row, _ in _histories(positives, within):
            sums = np.concatenate([[0.0], np.cumsum(odds[step[history]])])
            bounds = np.searchsorted(row, np.arange(rows.stop - rows.start + 1))
            _fill_repeats(
                found[rows],
                is_repeat[rows],
                positives.items[rows],
                (history, sums, bounds),
                rng,
            )
    return found


def _fill_repeats(
    found: np.ndarray,
    is_repeat: np.ndarray,
    items: np.ndarray,
    histories: tuple[np.ndarray, np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> None:
    """Draw from clicks, given the sums of their odds and where each row's begin."""
    history, sums, bounds = histories
    for column in range(found.shape[1]):
        left = np.flatnonzero(is_repeat[:, column])
        for _ in range(_TRIES):
            low, high = sums[bounds[left]], sums[bounds[left + 1]]
            drawn = low + rng.random(len(left)) * (high - low)
            at = np.searchsorted(sums, drawn, side="right") - 1
            drawn = history[np.clip(at, bounds[left], bounds[left + 1] - 1)]
            refused = drawn == items[left]
            refused |= (found[left] == drawn[:, None]).any(axis=1)
            found[left[~refused], column] = drawn[~refused]
            left = left[refused]
            if not left.size:
                break


def _count_histories(
    positives: Positives, window: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Different items of each history; clicks and repeats by popularity."""
    distinct = np.zeros(len(positives), np.int64)
    clicks, repeats = np.zeros((2, _STEPS))
    for within in _windows(window):
        step = _popularity_steps(positives, within)
        again = positives.items[within][positives.repeats[within]]
        repeats += np.bincount(step[again], minlength=_STEPS)
        for rows, history, row, is_first in _histories(positives, within):
            new = np.bincount(row[is_first], minlength=rows.stop - rows.start)
            distinct[rows] = new
            clicks += np.bincount(step[history], minlength=_STEPS)
    return distinct, clicks, repeats


def _popularity_steps(positives: Positives, rows: slice) -> np.ndarray:
    """Doubling steps of each item's clicks in a window that are no repeats."""
    new = positives.items[rows][~positives.repeats[rows]]
    size = int(positives.clicks.items.max(initial=0)) + 1
    return np.frexp(np.bincount(new, minlength=size).astype(np.float64))[1]


def _choose_repeats(
    positives: Positives, distinct: np.ndarray, columns: int, rng: np.random.Generator
) -> np.ndarray:
    """Which negatives are repeats, ``[R, columns]``: as often as positives are."""
    others = np.minimum(distinct - positives.repeats, columns)
    lengths = positives.end - positives.start
    steps = [np.frexp(x.astype(np.float64))[1] for x in (lengths, distinct)]
    _, alike = np.unique(np.stack(steps), axis=1, return_inverse=True)
    wanted = np.bincount(alike, positives.repeats) * columns
    share = (wanted / np.maximum(np.bincount(alike, others), 1))[alike]
    is_repeat = rng.random((len(positives), columns)) < share[:, None]
    return is_repeat & (np.arange(columns) < others[:, None])


def _windows(window: np.ndarray) -> Iterator[slice]:
    """The rows of each window."""
    starts = np.flatnonzero(np.diff(window, prepend=-1))
    for low, high in zip(starts, [*starts[1:], len(window)], strict=True):
        yield slice(int(low), int(high))


def _histories(
    positives: Positives, within: slice
) -> Iterator[tuple[slice, np.ndarray, np.ndarray, np.ndarray]]:
    """Rows in pieces; items of their histories, whose they are, which are new."""
    for low in range(within.start, within.stop, _PIECE_ROWS):
        rows = slice(low, min(low + _PIECE_ROWS, within.stop))
        start, end = positives.start[rows], positives.end[rows]
        items, _ = take_ranges(positives.clicks.items, start, end)
        before, _ = take_ranges(positives.clicks.before, start, end)
        row = np.repeat(np.arange(rows.stop - rows.start), end - start)
        yield rows, items, row, before < start[row]
