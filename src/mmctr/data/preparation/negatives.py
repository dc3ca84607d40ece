"""Negatives of a log: items that users clicked around the same time.

A negative is an item that the user has not clicked until then, drawn as often as users
without it click it; or, as often as positives with as long a history are repeats, one
of the user's own earlier clicks. So neither an item's popularity nor whether it lies in
the history says anything about the label.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.taken_items import TakenItems
from mmctr.runtime.jagged import take_ranges

DAY_SECONDS = 86_400
_TRIES = 30


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
    positive of the window that is no repeat; of an item that many have already, each
    counts more, as few are left to click it. So items are drawn by their popularity
    among users without them; never an item that the user has clicked until then. If
    users have, up to the end of the part, clicked all but fewer than
    ``min_eligible_items`` items of a window, it is widened by a window on both sides,
    inside the part. Some negatives are repeats instead: items of random events of the
    user's own history, with the share of repeats among the part's positives with as
    long a history (in doubling steps).

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
    length = max(round(params.window_days * DAY_SECONDS), 1)
    window = (positives.timestamps - positives.timestamps[0]) // length
    least = max(params.min_eligible_items, per_positive)
    first, last, eligible = _ranges(positives, pool, taken, window, least)
    drawable = np.flatnonzero(eligible >= per_positive)
    repeat_rate = _repeat_rate(positives)
    weights = np.cumsum(_first_click_weights(positives, window)[pool])
    weights = np.concatenate([[0.0], weights])
    unseen = _Unseen(positives.items[pool], weights, first, last)
    for column in range(per_positive):
        is_repeat = rng.random(len(positives)) < repeat_rate
        _draw_repeats(negatives, column, drawable[is_repeat[drawable]], positives, rng)
        undrawn = drawable[negatives[drawable, column] == 0]
        _draw_unseen(negatives, column, undrawn, positives, taken, unseen, rng)
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


class _Unseen(NamedTuple):
    """Clicks of a part that are no repeats, to draw from, and where each row may.

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

    def draw(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """An item for each row, by weight."""
        low, high = self.weights[self.first[rows]], self.weights[self.last[rows]]
        drawn = low + rng.random(len(rows)) * (high - low)
        places = np.searchsorted(self.weights, drawn, side="right") - 1
        return self.items[np.clip(places, self.first[rows], self.last[rows] - 1)]


def _draw_unseen(
    negatives: np.ndarray,
    column: int,
    rows: np.ndarray,
    positives: Positives,
    taken: TakenItems,
    unseen: _Unseen,
    rng: np.random.Generator,
) -> None:
    """Fill a column with items that the users have not clicked until then."""
    users, moments = positives.users, positives.timestamps
    for _ in range(_TRIES):
        if not rows.size:
            return
        drawn = unseen.draw(rows, rng)
        refused = taken.contains(users[rows], drawn, moments[rows])
        refused |= (negatives[rows, :column] == drawn[:, None]).any(axis=1)
        negatives[rows[~refused], column] = drawn[~refused]
        rows = rows[refused]
    for row in rows:
        part = slice(unseen.first[row], unseen.last[row])
        items, weights = unseen.items[part], np.diff(unseen.weights)[part]
        free = ~taken.contains(users[row], items, moments[row])
        free &= ~np.isin(items, negatives[row, :column])
        weights = weights[free] / weights[free].sum()
        negatives[row, column] = rng.choice(items[free], p=weights)


def _first_click_weights(positives: Positives, window: np.ndarray) -> np.ndarray:
    """One over the share of a window's rows ``[R]`` whose history lacks the item.

    If users with and without an item were as likely to click it, its clicks in the
    window would be its first clicks times this.
    """
    items_by_user = positives.items_by_user
    order = np.argsort(items_by_user, kind="stable")
    same = np.diff(items_by_user[order], prepend=-1) == 0
    # The place before at which the same user, or one before, has the same item.
    before = np.full(len(order), -1)
    before[order[same]] = order[np.flatnonzero(same) - 1]
    weights = np.ones(len(positives))
    starts = np.flatnonzero(np.diff(window, prepend=-1))
    for low, high in zip(starts, [*starts[1:], len(positives)], strict=True):
        start, end = positives.start[low:high], positives.end[low:high]
        places, offsets = take_ranges(np.arange(len(before)), start, end)
        is_first = before[places] < np.repeat(start, np.diff(offsets))
        items = positives.items[low:high]
        holding = np.bincount(
            items_by_user[places[is_first]], minlength=items.max() + 1
        )
        # A repeat's item is in its own history, maybe in all; it is not drawn.
        weights[low:high] /= np.maximum(1 - holding[items] / len(items), 1 / len(items))
    return weights


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
    window: np.ndarray,
    min_eligible: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First place in the pool to draw from, place after the last, eligible items."""
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
