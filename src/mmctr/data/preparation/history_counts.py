"""What the histories of a part's rows hold, counted without going through each.

Two rows of a user share most of their histories: each click is looked at once in a
window, whoever holds it.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mmctr.data.preparation.positives import Positives
from mmctr.data.preparation.windows import Windows
from mmctr.runtime.jagged import places_of_ranges
from mmctr.runtime.ordered_search import find_places
from mmctr.runtime.progress import track_pieces

STEPS = 64
_PIECE_ROWS = 10_000


class HistoryCounts(NamedTuple):
    """Counts of the rows' histories.

    Attributes:
        weights: ``[R]`` float64, one over the share of the row's window whose history
            lacks its item. If users with and without an item were as likely to click
            it, its clicks in the window would be its first clicks times this.
        distinct: ``[R]`` int32 different items of each history.
        clicks: ``[STEPS]`` clicks in histories by their items' popularity in the
            window, in doubling steps.
        repeats: ``[STEPS]`` rows that are repeats, by the same.
    """

    weights: np.ndarray
    distinct: np.ndarray
    clicks: np.ndarray
    repeats: np.ndarray


class _HeldClicks(NamedTuple):
    """Clicks ``[P]`` that are in histories, and in whose.

    Of a window's rows sorted by user and time, those from ``first`` until ``last``
    have the click in their history; from ``new`` on it is the first of its item there.
    """

    items: np.ndarray
    first: np.ndarray
    new: np.ndarray
    last: np.ndarray


def count_histories(positives: Positives, windows: Windows) -> HistoryCounts:
    """Count what the histories hold, window by window."""
    weights = np.ones(len(positives))
    distinct = np.zeros(len(positives), np.int32)
    clicks, repeats = np.zeros((2, STEPS))
    size = int(positives.clicks.items.max(initial=0)) + 1
    before = positives.clicks.before()
    for rows in windows.slices():
        items, step = positives.items_of(rows), popularity_steps(positives, rows)
        held, new = np.zeros(size), np.zeros(len(items) + 1, np.int32)
        events = positives.events[rows]
        order = np.argsort(positives.end[events])
        for found in _held_clicks(positives, before, events[order]):
            held += np.bincount(found.items, found.last - found.new, size)
            clicks += np.bincount(step[found.items], found.last - found.first, STEPS)
            _add(new, found.new, 1)
            _add(new, found.last, -1)
        distinct[rows.start + order] = np.cumsum(new[:-1])
        # A repeat's item may be in all histories; it is not drawn.
        share = np.maximum(1 - held[items] / len(items), 1 / len(items))
        weights[rows] /= share
        again = items[positives.repeats[rows]]
        repeats += np.bincount(step[again], minlength=STEPS)
    return HistoryCounts(weights, distinct, clicks, repeats)


def popularity_steps(positives: Positives, rows: slice) -> np.ndarray:
    """Doubling steps of each item's clicks in a window that are no repeats."""
    new = positives.items_of(rows)[~positives.repeats[rows]]
    size = int(positives.clicks.items.max(initial=0)) + 1
    return np.frexp(np.bincount(new, minlength=size).astype(np.float64))[1]


def _held_clicks(
    positives: Positives, same_before: np.ndarray, events: np.ndarray
) -> Iterator[_HeldClicks]:
    """The clicks in the histories of rows that are sorted by user and time."""
    # So both ascend.
    start, end = positives.start[events], positives.end[events]
    clicks = positives.clicks
    for rows in track_pieces("counting histories", len(events), step=_PIECE_ROWS):
        before = end[max(rows.start - 1, 0)] if rows.start else 0
        ends = end[rows]
        firsts = np.minimum(np.maximum(start[rows], np.append(before, ends[:-1])), ends)
        places, offsets = places_of_ranges(firsts, ends)
        first = np.repeat(np.arange(rows.start, rows.stop), np.diff(offsets))
        # Later rows may hold clicks of these too.
        beyond = int(np.searchsorted(start, ends[-1]))
        last = _count_up_to(start[rows.start : beyond], places) + rows.start
        held_before = same_before[places]
        new = first.copy()
        again = np.flatnonzero(held_before >= start[first])
        earlier = find_places(start, held_before[again], "right")
        new[again] = np.maximum(earlier, first[again])
        yield _HeldClicks(clicks.items[places], first, new, last)


def _count_up_to(ordered: np.ndarray, places: np.ndarray) -> np.ndarray:
    """How many of the values are at most each of the ascending places."""
    at = np.searchsorted(places, ordered)
    return np.cumsum(np.bincount(at, minlength=len(places) + 1)[:-1])


def _add(counts: np.ndarray, places: np.ndarray, value: int) -> None:
    """Add a value at each of the places, which are close to each other."""
    if places.size:
        low = int(places.min())
        found = np.bincount(places - low)
        counts[low : low + len(found)] += (found * value).astype(counts.dtype)
