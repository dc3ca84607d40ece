"""Negatives of a log: items that users clicked around the same time.

A negative is an item that the user has not clicked until then, drawn as often as users
without it click it. Or, as often as positives are repeats, it is one of the user's own
earlier clicks. So neither an item's popularity nor whether it lies in the history says
anything about the label.
"""

from typing import NamedTuple

import numpy as np

from mmctr.data.preparation.draw_ranges import find_ranges
from mmctr.data.preparation.first_clicks import FirstClicks
from mmctr.data.preparation.history_counts import HistoryCounts, count_histories
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.positives import Positives
from mmctr.data.preparation.repeats import draw_repeats
from mmctr.data.preparation.taken_items import TakenItems
from mmctr.data.preparation.windows import Windows
from mmctr.runtime.pieces import pieces

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
    :func:`mmctr.data.preparation.repeats.draw_repeats`. Where no row has enough
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
    if not len(positives):
        nothing = np.zeros((0, params.negatives_per_positive), np.int32)
        return Negatives(nothing, np.zeros(0, np.int64))
    length = max(round(params.window_days * DAY_SECONDS), 1)
    windows = Windows.cut(positives, length)
    counts = count_histories(positives, windows)
    weights = counts.weights
    weights[positives.repeats] = 0
    found = _draw_negatives(positives, weights, windows, counts, taken, params, rng)
    if found.items.any() or not positives.repeats.any():
        return found
    # Too few items are new to anyone: those of all clicks, as often as clicked.
    weights = np.ones(len(positives))
    return _draw_negatives(positives, weights, windows, counts, taken, params, rng)


def _draw_negatives(
    positives: Positives,
    weights: np.ndarray,
    windows: Windows,
    counts: HistoryCounts,
    taken: TakenItems,
    params: PreparationParams,
    rng: np.random.Generator,
) -> Negatives:
    """Draw from the items of the positives whose weights ``[R]`` are over 0."""
    per_positive = params.negatives_per_positive
    is_drawn = weights > 0
    if not is_drawn.any():
        nothing = np.zeros((len(positives), per_positive), np.int32)
        return Negatives(nothing, positives.timestamps[positives.events])
    wanted = (max(params.min_eligible_items, per_positive), per_positive)
    ranges = find_ranges(positives, is_drawn, taken, windows, wanted)
    # In place: of a long log no second copy may fit.
    sums = np.cumsum(weights, out=weights)
    first_clicks = FirstClicks(sums, ranges, windows.bounds, positives)
    negatives = draw_repeats(positives, windows, counts, per_positive, rng)
    negatives[~ranges.drawable] = 0
    for column in range(per_positive):
        first_clicks.fill(negatives, column, rng)
    return Negatives(negatives, _as_of(positives, is_drawn, windows, ranges.first))


def _as_of(
    positives: Positives, is_drawn: np.ndarray, windows: Windows, first: np.ndarray
) -> np.ndarray:
    """The time of the first click that each row may draw, or its own: ``[R]``.

    Args:
        positives: The part's.
        is_drawn: ``[R]`` bool, rows whose items are drawn.
        windows: Of the part.
        first: ``[R]`` places of the first windows that rows draw from.
    """
    rows = np.flatnonzero(is_drawn)
    places = np.minimum(np.searchsorted(rows, windows.bounds[:-1]), len(rows) - 1)
    begins = positives.timestamps[positives.events[rows[places]]]
    del rows
    as_of = positives.timestamps[positives.events]
    for piece in pieces(len(positives)):
        begin = begins[first[piece]]
        # Repeats at the beginning of a window come before the first to be drawn.
        as_of[piece] = np.minimum(as_of[piece], begin)
    return as_of
