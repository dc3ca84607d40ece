"""Negatives of a log: items that other users clicked around the same time."""

import numpy as np
import pandas as pd

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


def sample_negatives(
    events: pd.DataFrame,
    rows: np.ndarray,
    taken: TakenItems,
    *,
    per_positive: int,
    window_days: float,
    min_eligible: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw negatives for some events of a part.

    The part is cut into windows of ``window_days``. A negative is the item of a random
    event of the positive's window, so items are drawn by their popularity in it; never
    an item that the user has clicked. If a window has fewer than ``min_eligible`` such
    items it is widened by a window on both sides, inside the part.

    Args:
        events: The whole part in time order: ``user`` (codes), ``item`` (1..n_items)
            and ``timestamp`` (seconds), all int64.
        rows: ``[rows]`` positions of the positives in ``events``.
        taken: What users have clicked up to the end of the part.
        per_positive: Distinct negatives drawn for each positive.
        window_days: Length of a window.
        min_eligible: Least number of distinct items to draw from; at least
            ``per_positive``.
        rng: The source of randomness.

    Returns:
        ``[rows, per_positive]`` int64 items; a row of zeros if even the whole part has
        fewer than ``per_positive`` items to draw.
    """
    negatives = np.zeros((len(rows), per_positive), np.int64)
    if not len(rows):
        return negatives
    first, last, eligible = _ranges(
        events,
        rows,
        taken,
        window_days=window_days,
        min_eligible=max(min_eligible, per_positive),
    )
    drawable = np.flatnonzero(eligible >= per_positive)
    users, items = events["user"].to_numpy()[rows], events["item"].to_numpy()
    for column in range(per_positive):
        open_rows = drawable
        for _ in range(_TRIES):
            if not open_rows.size:
                break
            places = rng.integers(first[open_rows], last[open_rows])
            drawn = items[places]
            refused = taken.contains(users[open_rows], drawn)
            refused |= (negatives[open_rows, :column] == drawn[:, None]).any(axis=1)
            negatives[open_rows[~refused], column] = drawn[~refused]
            open_rows = open_rows[refused]
        for row in open_rows:
            pool = items[first[row] : last[row]]
            pool = pool[~taken.contains(np.full(len(pool), users[row]), pool)]
            pool = pool[~np.isin(pool, negatives[row, :column])]
            negatives[row, column] = rng.choice(pool)
    return negatives


def _ranges(
    events: pd.DataFrame,
    rows: np.ndarray,
    taken: TakenItems,
    *,
    window_days: float,
    min_eligible: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First and last event to draw from, and how many distinct items are eligible."""
    length = round(window_days * DAY_SECONDS)
    users, part_items = events["user"].to_numpy(), events["item"].to_numpy()
    timestamps = events["timestamp"].to_numpy()
    window = (timestamps - timestamps[0]) // max(length, 1)
    # Every (user, window) pair is decided once, however many of the user's events it
    # holds.
    pairs, pair_of_row = np.unique(
        np.stack([window[rows], users[rows]]), axis=1, return_inverse=True
    )
    first, last, eligible = np.zeros((3, pairs.shape[1]), np.int64)
    starts = np.flatnonzero(np.diff(pairs[0], prepend=-1))
    for start, end in zip(starts, [*starts[1:], pairs.shape[1]], strict=True):
        centre = int(pairs[0, start])
        waiting = np.arange(start, end)
        radius = 0
        while waiting.size:
            low, high = np.searchsorted(window, [centre - radius, centre + radius + 1])
            items = np.unique(part_items[low:high])
            counts = np.array(
                [
                    items.size - taken.count_among(int(user), items)
                    for user in pairs[1, waiting]
                ]
            )
            whole = low == 0 and high == len(window)
            done = (counts >= min_eligible) | whole
            first[waiting[done]], last[waiting[done]] = low, high
            eligible[waiting[done]] = counts[done]
            waiting = waiting[~done]
            # Widen straight to the nearest window with an event.
            before = centre - window[low - 1] if low else np.inf
            after = window[high] - centre if high < len(window) else np.inf
            radius = min(before, after)
    pair_of_row = pair_of_row.reshape(-1)
    return first[pair_of_row], last[pair_of_row], eligible[pair_of_row]


def _is_in_sorted(values: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    places = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return ordered[places] == values
