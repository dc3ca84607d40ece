"""Negatives of a log: items that other users clicked around the same time.

A negative is drawn from what others clicked for the first time; or, as often as
positives with as long a history are repeats, from the user's own earlier clicks. So
whether a target lies in the history says nothing about the label.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mmctr.data.preparation.params import PreparationParams
from mmctr.runtime.jagged import take_ranges

DAY_SECONDS = 86_400
_TRIES = 30


class TakenItems:
    """Which items each user has clicked."""

    def __init__(self, users: np.ndarray, items: np.ndarray, n_items: int) -> None:
        """Store events given as user codes and items 1..n_items."""
        self._width = n_items + 1
        self._pairs = np.unique(users * self._width + items)
        self._users = self._pairs // self._width

    def contains(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Whether the user has clicked the item, elementwise."""
        return _is_in_sorted(users * self._width + items, self._pairs)

    def count_among(self, user: int, items: np.ndarray) -> int:
        """How many of a user's items are among ``items`` (sorted, distinct)."""
        first, last = np.searchsorted(self._users, [user, user + 1])
        mine = self._pairs[first:last] - user * self._width
        return int(_is_in_sorted(mine, items).sum()) if items.size else 0


@dataclass(frozen=True)
class Positives:
    """The events of a part that become positives, in time order, each array ``[R]``.

    Attributes:
        users: int64 codes.
        items: int64, 1..n_items.
        timestamps: int64, unix seconds.
        start: First position of the history in ``items_by_user``.
        end: Position after its last.
        items_by_user: ``[events]`` items of the whole log, sorted by user and time.
    """

    users: np.ndarray
    items: np.ndarray
    timestamps: np.ndarray
    start: np.ndarray
    end: np.ndarray
    items_by_user: np.ndarray

    def __len__(self) -> int:
        """How many there are."""
        return len(self.users)

    @cached_property
    def repeats(self) -> np.ndarray:
        """``[R]`` bool: whether the history holds the item."""
        history, offsets = take_ranges(self.items_by_user, self.start, self.end)
        rows = np.repeat(np.arange(len(self)), np.diff(offsets))
        same = history == self.items[rows]
        return np.bincount(rows[same], minlength=len(self)) > 0


class Negatives(NamedTuple):
    """What was drawn for each positive.

    Attributes:
        items: ``[R, per_positive]`` int64; a row of zeros where there are too few items
            to draw.
        as_of: ``[R]`` int64, unix seconds: the first event that could be drawn, or the
            positive's own where that is earlier. What is known before it tells nothing
            of which items were drawn.
    """

    items: np.ndarray
    as_of: np.ndarray


def sample_negatives(
    positives: Positives,
    taken: TakenItems,
    params: PreparationParams,
    rng: np.random.Generator,
) -> Negatives:
    """Draw negatives for the positives of a part.

    The part is cut into windows of ``window_days``. A negative is the item of a random
    positive of the window that is no repeat, so items are drawn by their popularity in
    it; never an item that the user has clicked up to the end of the part. If a window
    has fewer than ``min_eligible_items`` such items it is widened by a window on both
    sides, inside the part. Some negatives are repeats instead: items of random events
    of the user's own history, with the share of repeats among the part's positives with
    as long a history (in doubling steps).

    Args:
        positives: The part's.
        taken: What users have clicked up to the end of the part.
        params: Negatives per positive, windows.
        rng: The source of randomness.

    Returns:
        The items, distinct within a positive and other than its own, and as of when a
        row may know of events.
    """
    per_positive = params.negatives_per_positive
    negatives = np.zeros((len(positives), per_positive), np.int64)
    pool = np.flatnonzero(~positives.repeats)
    if not pool.size:
        return Negatives(negatives, positives.timestamps)
    first, last, eligible = _ranges(
        positives,
        pool,
        taken,
        window_days=params.window_days,
        min_eligible=max(params.min_eligible_items, per_positive),
    )
    drawable = np.flatnonzero(eligible >= per_positive)
    repeat_rate = _repeat_rate(positives)
    pool_items = positives.items[pool]
    for column in range(per_positive):
        is_repeat = rng.random(len(positives)) < repeat_rate
        _draw_repeats(negatives, column, drawable[is_repeat[drawable]], positives, rng)
        undrawn = drawable[negatives[drawable, column] == 0]
        ranges = (pool_items, first, last)
        _draw_unseen(negatives, column, undrawn, positives.users, taken, ranges, rng)
    # Repeats at the beginning of a window come before the first that can be drawn.
    as_of = np.minimum(positives.timestamps, positives.timestamps[pool[first]])
    return Negatives(negatives, as_of)


def _draw_repeats(
    negatives: np.ndarray,
    column: int,
    rows: np.ndarray,
    positives: Positives,
    rng: np.random.Generator,
) -> None:
    """Fill a column from the users' own histories, where they have other items."""
    for _ in range(_TRIES):
        if not rows.size:
            return
        places = rng.integers(positives.start[rows], positives.end[rows])
        drawn = positives.items_by_user[places]
        refused = drawn == positives.items[rows]
        refused |= (negatives[rows, :column] == drawn[:, None]).any(axis=1)
        negatives[rows[~refused], column] = drawn[~refused]
        rows = rows[refused]


def _draw_unseen(
    negatives: np.ndarray,
    column: int,
    rows: np.ndarray,
    users: np.ndarray,
    taken: TakenItems,
    ranges: tuple[np.ndarray, np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> None:
    """Fill a column with items that the users never clicked."""
    items, first, last = ranges
    for _ in range(_TRIES):
        if not rows.size:
            return
        drawn = items[rng.integers(first[rows], last[rows])]
        refused = taken.contains(users[rows], drawn)
        refused |= (negatives[rows, :column] == drawn[:, None]).any(axis=1)
        negatives[rows[~refused], column] = drawn[~refused]
        rows = rows[refused]
    for row in rows:
        pool = items[first[row] : last[row]]
        pool = pool[~taken.contains(np.full(len(pool), users[row]), pool)]
        pool = pool[~np.isin(pool, negatives[row, :column])]
        negatives[row, column] = rng.choice(pool)


def _repeat_rate(positives: Positives) -> np.ndarray:
    """Share of repeats ``[R]`` among the positives with as long a history.

    Lengths count as equal within a doubling step: 1, 2 to 3, 4 to 7.
    """
    step = np.frexp((positives.end - positives.start).astype(np.float64))[1]
    repeats = np.bincount(step, positives.repeats)
    return (repeats / np.maximum(np.bincount(step), 1))[step]


def _ranges(
    positives: Positives,
    pool: np.ndarray,
    taken: TakenItems,
    *,
    window_days: float,
    min_eligible: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First place in the pool to draw from, place after the last, eligible items."""
    length = round(window_days * DAY_SECONDS)
    window = (positives.timestamps - positives.timestamps[0]) // max(length, 1)
    pool_window, pool_items = window[pool], positives.items[pool]
    # Every (user, window) pair is decided once, however many of the user's events it
    # holds.
    pairs, pair_of_row = np.unique(
        np.stack([window, positives.users]), axis=1, return_inverse=True
    )
    first, last, eligible = np.zeros((3, pairs.shape[1]), np.int64)
    starts = np.flatnonzero(np.diff(pairs[0], prepend=-1))
    for start, end in zip(starts, [*starts[1:], pairs.shape[1]], strict=True):
        centre = int(pairs[0, start])
        waiting = np.arange(start, end)
        radius = 0
        while waiting.size:
            low, high = np.searchsorted(
                pool_window, [centre - radius, centre + radius + 1]
            )
            items = np.unique(pool_items[low:high])
            counts = np.array(
                [
                    items.size - taken.count_among(int(user), items)
                    for user in pairs[1, waiting]
                ]
            )
            whole = low == 0 and high == len(pool)
            done = (counts >= min_eligible) | whole
            first[waiting[done]], last[waiting[done]] = low, high
            eligible[waiting[done]] = counts[done]
            waiting = waiting[~done]
            # Widen straight to the nearest window with an event.
            before = centre - pool_window[low - 1] if low else np.inf
            after = pool_window[high] - centre if high < len(pool) else np.inf
            radius = min(before, after)
    pair_of_row = pair_of_row.reshape(-1)
    return first[pair_of_row], last[pair_of_row], eligible[pair_of_row]


def _is_in_sorted(values: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    places = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return ordered[places] == values
