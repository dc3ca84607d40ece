"""Negatives of a log: items that users clicked around the same time.

A negative is an item that the user has not clicked until then, drawn as often as users
without it click it. Or, as often as positives with as long a history are repeats, it is
one of the user's own earlier clicks, drawn as often as users repeat it. So neither an
item's popularity nor whether it lies in the history says anything about the label.
"""

from typing import NamedTuple

import numpy as np

from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.popularity import (
    FirstClicks,
    draw_repeats,
    first_click_weights,
)
from mmctr.data.preparation.positives import Positives
from mmctr.data.preparation.taken_items import TakenItems

DAY_SECONDS = 86_400


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
    inside the part. Some negatives are repeats instead, with the share of repeats among
    the part's positives with as long a history (in doubling steps): items of the user's
    own history, drawn by how often others repeat them in the window.

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
    weights = np.cumsum(first_click_weights(positives, window)[pool])
    first_clicks = FirstClicks(
        positives.items[pool], np.concatenate([[0.0], weights]), first, last
    )
    is_repeat = rng.random(negatives.shape) < _repeat_rate(positives)[:, None]
    is_repeat &= (eligible >= per_positive)[:, None]
    negatives = draw_repeats(positives, window, is_repeat, rng)
    for column in range(per_positive):
        undrawn = drawable[negatives[drawable, column] == 0]
        first_clicks.fill(negatives, column, undrawn, positives, rng)
    # Repeats at the beginning of a window come before the first that can be drawn.
    as_of = np.minimum(positives.timestamps, positives.timestamps[pool[first]])
    return Negatives(negatives, as_of)


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
