"""Negatives that are clicks of the rows' own histories."""

import numpy as np

from mmctr.data.preparation.history_counts import (
    STEPS,
    HistoryCounts,
    popularity_steps,
)
from mmctr.data.preparation.positives import Positives
from mmctr.data.preparation.windows import Windows
from mmctr.runtime.jagged import take_ranges
from mmctr.runtime.pieces import pieces

TRIES = 30
"""Draws of a negative that must not be one of some items, before it is given up."""

# Rows that draw one after the other: another number gives other draws.
_ROWS_AT_ONCE = 10_000


def draw_repeats(
    positives: Positives,
    windows: Windows,
    counts: HistoryCounts,
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
        windows: Of the part.
        counts: Of its histories.
        columns: Most per row.
        rng: The source of randomness.

    Returns:
        ``[R, columns]`` int32 items, distinct within a row and other than its own; 0
        where there is none.
    """
    found = np.zeros((len(positives), columns), np.int32)
    if not positives.repeats.any():
        return found
    clicks, repeats = counts.clicks, counts.repeats
    odds = (repeats + 1) / (clicks + clicks.sum() / repeats.sum())
    is_repeat = _choose_repeats(positives, counts.distinct, columns, rng)
    for within in windows.slices():
        odds_of_item = odds[popularity_steps(positives, within)]
        for rows in pieces(within.stop, within.start, _ROWS_AT_ONCE):
            mine = np.flatnonzero(is_repeat[rows].any(axis=1)) + rows.start
            if mine.size:
                found[mine] = _draw(positives, mine, is_repeat[mine], odds_of_item, rng)
    return found


def _draw(
    positives: Positives,
    rows: np.ndarray,
    is_repeat: np.ndarray,
    odds: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw clicks ``[rows, columns]`` of the rows' histories by the items' odds."""
    events = positives.events[rows]
    items = positives.items[events]
    history, bounds = take_ranges(
        positives.clicks.items, positives.start[events], positives.end[events]
    )
    sums = np.concatenate([[0.0], np.cumsum(odds[history])])
    found = np.zeros(is_repeat.shape, np.int32)
    for column in range(found.shape[1]):
        left = np.flatnonzero(is_repeat[:, column])
        for _ in range(TRIES):
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
    return found


def _choose_repeats(
    positives: Positives, distinct: np.ndarray, columns: int, rng: np.random.Generator
) -> np.ndarray:
    """Which negatives are repeats, ``[R, columns]``: as often as positives are."""
    wanted, others = np.zeros((2, STEPS * STEPS))
    for rows in pieces(len(positives)):
        alike = _alike(positives, distinct, rows)
        wanted += np.bincount(alike, positives.repeats[rows], len(wanted)) * columns
        left = _others(positives, distinct, rows, columns)
        others += np.bincount(alike, left, len(others))
    share = wanted / np.maximum(others, 1)
    found = np.empty((len(positives), columns), bool)
    for rows in pieces(len(positives)):
        drawn = rng.random((rows.stop - rows.start, columns))
        found[rows] = drawn < share[_alike(positives, distinct, rows)][:, None]
        left = _others(positives, distinct, rows, columns)
        found[rows] &= np.arange(columns) < left[:, None]
    return found


def _alike(positives: Positives, distinct: np.ndarray, rows: slice) -> np.ndarray:
    """One number for rows whose histories are about as long and as varied."""
    events = positives.events[rows]
    lengths = positives.end[events] - positives.start[events]
    steps = [np.frexp(x.astype(np.float64))[1] for x in (lengths, distinct[rows])]
    return steps[0] * STEPS + steps[1]


def _others(
    positives: Positives, distinct: np.ndarray, rows: slice, columns: int
) -> np.ndarray:
    """Items of each history other than the row's own, at most so many."""
    return np.minimum(distinct[rows] - positives.repeats[rows], columns)
