"""How good the first rows of each group are: hit rate and NDCG."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CUTS = (5, 10)
"""How many rows come first."""

TOP_MEASURES = tuple(
    f"{measure}_at_{cut}" for cut in CUTS for measure in ("hit_rate", "ndcg")
)
"""Names of the measures, in the order of their columns."""


class FirstRows(NamedTuple):
    """Measures of ``G`` groups of more rows than the cut, with a click among them."""

    groups: NDArray[np.int64]
    """Their numbers ``[G]``, rising."""
    hit: NDArray[np.float64]
    """Chance that a click is among the first rows ``[G]``."""
    ndcg: NDArray[np.float64]
    """Expected NDCG of the first rows ``[G]``."""


def first_rows(
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    groups: NDArray[np.int64],
    cut: int,
) -> FirstRows:
    """Measure the rows of each group that come first by their scores.

    Rows of one score are in random order: both measures are the mean over all orders,
    exactly. The gain of a click is 1 and its discount ``1 / log2(1 + place)``, over
    that of the best order (Järvelin and Kekäläinen, 2002).

    Args:
        labels: ``[R]`` of 0 and 1.
        scores: ``[R]`` finite; higher means likelier.
        groups: Number of each row's group ``[R]``, from 0.
        cut: How many rows come first.

    Returns:
        The measures of the groups that have them; the others, where all rows come
        first or none is clicked, are left out.
    """
    sizes, clicks = np.bincount(groups), np.bincount(groups, labels)
    is_counted = (sizes > cut) & (clicks > 0)
    counted = np.flatnonzero(is_counted)
    if not counted.size:
        nothing = np.zeros(0)
        return FirstRows(counted, nothing, nothing)
    chosen = is_counted[groups]
    order = np.lexsort((-scores[chosen], groups[chosen]))
    y, s, codes = (x[chosen][order] for x in (labels, scores, groups))
    starts = np.searchsorted(codes, counted)

    # A block is a run of rows of one group with one score.
    is_new = np.append(True, (np.diff(codes) != 0) | (np.diff(s) != 0))
    first = np.flatnonzero(is_new)
    block = np.cumsum(is_new) - 1
    size = np.diff(np.append(first, len(y)))
    clicked = np.add.reduceat(y, first)

    places = np.arange(cut)
    discounts = 1 / np.log2(2 + places)
    top = starts[:, None] + places
    gain = (clicked / size)[block[top]] @ discounts
    best = np.cumsum(discounts)[np.minimum(clicks[counted], cut).astype(int) - 1]

    last = block[top[:, -1]]
    before = np.append(0, np.cumsum(y))
    is_sure = before[first[last]] > before[starts]
    missed = np.ones(len(counted))
    free, others = size[last], (size - clicked)[last]
    drawn = top[:, -1] + 1 - first[last]
    for place in places:
        left = np.maximum(others - place, 0) / np.maximum(free - place, 1)
        missed *= np.where(place < drawn, left, 1)
    return FirstRows(counted, np.where(is_sure, 1.0, 1 - missed), gain / best)
