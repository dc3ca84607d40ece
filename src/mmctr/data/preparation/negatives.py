"""Negatives of a log: items that users clicked around the same time.

A negative is an item that the user has not clicked until then, drawn as often as users
without it click it. Or, as often as positives are repeats, it is one of the user's own
earlier clicks. So neither an item's popularity nor whether it lies in the history says
anything about the label.
"""

from collections.abc import Callable
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
        items: ``[R, per_positive]`` int32; a row of zeros where there are too few items
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
    inside the part. Some negatives are repeats instead, clicks of the row's history, as
    often as the part's positives are; see
    :func:`mmctr.data.preparation.popularity.draw_repeats`. Where no row has enough
    items to draw, as in a log of the same purchases again and again, repeats are drawn
    from like other positives.

    Args:
        positives: The part's.
        taken: What users have clicked up to the end of the part.
        params: Negatives per positive, windows.
        rng: The source of randomness.

    Returns:
        The items, distinct within a positive and other than its own, and as of when a
        row may know of events.
    """
    new = np.flatnonzero(~positives.repeats)
    found = _draw_negatives(positives, new, first_click_weights, taken, params, rng)
    if found.items.any() or len(new) == len(positives):
        return found
    # Too few items are new to anyone: those of all clicks, as often as clicked.
    every = np.arange(len(positives))
    return _draw_negatives(positives, every, None, taken, params, rng)


def _draw_negatives(
    positives: Positives,
    pool: np.ndarray,
    weigh: Callable[[Positives, np.ndarray], np.ndarray] | None,
    taken: TakenItems,
    params: PreparationParams,
    rng: np.random.Generator,
) -> Negatives:
    """Draw from the items of some positives, by their weights; None: all alike."""
    per_positive = params.negatives_per_positive
    negatives = np.zeros((len(positives), per_positive), np.int32)
    if not pool.size:
        return Negatives(negatives, positives.timestamps)
    length = max(round(params.window_days * DAY_SECONDS), 1)
    window = (positives.timestamps - positives.timestamps[0]) // length
    least = max(params.min_eligible_items, per_positive)
    first, last, eligible = _ranges(positives, pool, taken, window, least)
    drawable = np.flatnonzero(eligible >= per_positive)
    each = np.ones(len(positives)) if weigh is None else weigh(positives, window)
    weights = np.cumsum(each[pool])
    first_clicks = FirstClicks(
        positives.items[pool], np.concatenate([[0.0], weights]), first, last
    )
    repeats = draw_repeats(positives, window, per_positive, rng)
    negatives[drawable] = repeats[drawable]
    for column in range(per_positive):
        undrawn = drawable[negatives[drawable, column] == 0]
        first_clicks.fill(negatives, column, undrawn, positives, rng)
    # Repeats at the beginning of a window come before the first that can be drawn.
    as_of = np.minimum(positives.timestamps, positives.timestamps[pool[first]])
    return Negatives(negatives, as_of)


def _ranges(
    positives: Positives,
    pool: np.ndarray,
    taken: TakenItems,
    window: np.ndarray,
    min_eligible: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First place in the pool to draw from, place after the last, eligible items."""
    pool_window, pool_items = window[pool], positives.items[pool]
    # Every (window, user) pair is decided once, however many of the user's events it
    # holds.
    n_users = int(positives.users.max()) + 1
    pairs, pair_of_row = np.unique(
        window * n_users + positives.users, return_inverse=True
    )
    windows, users = np.divmod(pairs, n_users)
    first, last, eligible = np.zeros((3, len(pairs)), np.int64)
    starts = np.flatnonzero(np.diff(windows, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(pairs)], strict=True):
        centre = int(windows[start])
        waiting = np.arange(start, end)
        around = np.zeros(taken.n_items + 1, bool)
        low = high = int(np.searchsorted(pool_window, centre))
        radius = 0
        while waiting.size:
            wider = np.searchsorted(pool_window, [centre - radius, centre + radius + 1])
            around[pool_items[wider[0] : low]] = True
            around[pool_items[high : wider[1]]] = True
            low, high = wider.tolist()
            counts = around.sum() - taken.count_among(users[waiting], around)
            whole = low == 0 and high == len(pool)
            done = (counts >= min_eligible) | whole
            first[waiting[done]], last[waiting[done]] = low, high
            eligible[waiting[done]] = counts[done]
            waiting = waiting[~done]
            # Widen straight to the nearest window with an event.
            before = centre - pool_window[low - 1] if low else np.inf
            after = pool_window[high] - centre if high < len(pool) else np.inf
            radius = min(before, after)
    return first[pair_of_row], last[pair_of_row], eligible[pair_of_row]
