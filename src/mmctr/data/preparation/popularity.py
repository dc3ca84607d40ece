"""How popular items are around a row: among users without them, and with them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmctr.data.preparation.positives import Positives
from mmctr.runtime.jagged import take_ranges

_TRIES = 30
# A window's rate of repeats of an item is drawn to the part's, as if so many more
# clicks of the item had been repeated at that rate.
_PRIOR_CLICKS = 20


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
        for _ in range(_TRIES):
            if not rows.size:
                return
            drawn = self._draw(rows, rng)
            refused = positives.are_known(rows, drawn)
            refused |= (negatives[rows] == drawn[:, None]).any(axis=1)
            negatives[rows[~refused], column] = drawn[~refused]
            rows = rows[refused]
        for row in rows:
            part = slice(self.first[row], self.last[row])
            items, weights = self.items[part], np.diff(self.weights)[part]
            free = ~positives.are_known(np.full(len(items), row), items)
            free &= ~np.isin(items, negatives[row])
            weights = weights[free] / weights[free].sum()
            negatives[row, column] = rng.choice(items[free], p=weights)

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
    order = positives.places
    same = np.diff(positives.items_by_user[order], prepend=-1) == 0
    # The position before at which the same user, or one before, has the same item.
    before = np.full(len(order), -1)
    before[order[same]] = order[np.flatnonzero(same) - 1]
    weights = np.ones(len(positives))
    for rows, places, row in _histories(positives, window):
        is_first = before[places] < positives.start[rows][row]
        items = positives.items[rows]
        holding = _counts(positives.items_by_user[places[is_first]], items)
        # A repeat's item may be in all histories; it is not drawn.
        weights[rows] /= np.maximum(1 - holding[items] / len(items), 1 / len(items))
    return weights


def draw_repeats(
    positives: Positives,
    window: np.ndarray,
    wanted: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw items of the rows' own histories, as often as others repeat them.

    Args:
        positives: The part's.
        window: ``[R]`` int64, ascending.
        wanted: ``[R, columns]`` bool, where to draw.
        rng: The source of randomness.

    Returns:
        ``[R, columns]`` int64 items, distinct within a row and other than its own; 0
        where none was wanted, or the history has no other.
    """
    found = np.zeros(wanted.shape, np.int64)
    clicks = (positives.end - positives.start).sum()
    rate = positives.repeats.sum() / max(clicks, 1)
    for rows, places, row in _histories(positives, window):
        history, items = positives.items_by_user[places], positives.items[rows]
        repeated = items[positives.repeats[rows]]
        both = np.concatenate([history, items])
        odds = _counts(repeated, both) + _PRIOR_CLICKS * rate
        odds /= _counts(history, both) + _PRIOR_CLICKS
        sums = np.concatenate([[0.0], np.cumsum(odds[history])])
        bounds = np.searchsorted(row, np.arange(len(items) + 1))
        own = found[rows]
        for column in range(wanted.shape[1]):
            left = np.flatnonzero(wanted[rows, column])
            for _ in range(_TRIES):
                low, high = sums[bounds[left]], sums[bounds[left + 1]]
                drawn = low + rng.random(len(left)) * (high - low)
                at = np.searchsorted(sums, drawn, side="right") - 1
                drawn = history[np.clip(at, bounds[left], bounds[left + 1] - 1)]
                refused = drawn == items[left]
                refused |= (own[left] == drawn[:, None]).any(axis=1)
                own[left[~refused], column] = drawn[~refused]
                left = left[refused]
                if not left.size:
                    break
    return found


def _histories(
    positives: Positives, window: np.ndarray
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Each window's rows, the positions of their histories, and whose each is."""
    starts = np.flatnonzero(np.diff(window, prepend=-1))
    everywhere = np.arange(len(positives.items_by_user))
    for low, high in zip(starts, [*starts[1:], len(positives)], strict=True):
        rows = slice(low, high)
        start, end = positives.start[rows], positives.end[rows]
        places, _ = take_ranges(everywhere, start, end)
        yield rows, places, np.repeat(np.arange(high - low), end - start)


def _counts(items: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How often each item is there, up to the largest of ``others``."""
    return np.bincount(items, minlength=int(others.max(initial=0)) + 1).astype(float)
