"""How values per history item become one of the row."""

from collections.abc import Mapping

import numpy as np

from mmctr.data.row_statistics.rows import HistoryRows, divided

_TOP = 3


def pool(rows: HistoryRows, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Make values per history item one of the row, in every way.

    Args:
        rows: ``R`` rows with ``P`` history items.
        values: By name ``[P]`` float32, one per history item; of a request also
            ``[R, H]``.

    Returns:
        By ``<name>_<way>`` ``[R]`` float32 each, NaN for an empty history: the ``max``,
        the ``mean``, the ``last`` (newest) item's, ``recent``, the mean weighted by .7
        to the number of newer items, and ``top3``, the mean of the three largest.
    """
    flat = np.stack([own.ravel() for own in values.values()])
    filled = rows.lengths > 0
    last = np.full((len(flat), len(rows)), np.nan, np.float32)
    last[:, filled] = flat[:, rows.offsets[1:][filled] - 1]
    largest = _largest(rows, flat)
    found = {
        "max": np.where(filled, largest[0], np.float32(np.nan)),
        "mean": rows.mean(flat),
        "last": last,
        "recent": divided(rows.sum(flat * rows.weights), rows.sum_of_weights),
        "top3": divided(sum(largest), np.minimum(rows.lengths, _TOP)),
    }
    return {
        f"{name}_{way}": columns[place]
        for place, name in enumerate(values)
        for way, columns in found.items()
    }


def pool_sparse(
    rows: HistoryRows, places: np.ndarray, values: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The same of values that are mostly 0.

    Args:
        rows: ``R`` rows.
        places: ``[N]`` int64 among the history items, ascending; the others' are 0.
        values: By name ``[N]``, those at these places.
    """
    having, which = rows.having(places)
    own = rows.take(having)
    at = own.offsets[which] + places - rows.offsets[having[which]]
    dense = {name: np.zeros(len(own.history), np.float32) for name in values}
    for name, some in values.items():
        dense[name][at] = some
    nothing = np.where(rows.lengths > 0, 0, np.nan).astype(np.float32)
    found = {}
    for name, column in pool(own, dense).items():
        found[name] = nothing.copy()
        found[name][having] = column
    return found


def _largest(rows: HistoryRows, values: np.ndarray) -> list[np.ndarray]:
    """The three largest of ``[K, P]`` in each row ``[K, R]``; 0 where it has fewer."""
    width = rows.lengths[:1].sum()
    if not width or (rows.lengths != width).any():
        found = [_largest_of_different(rows, own.astype(np.float32)) for own in values]
        return [np.stack(each) for each in zip(*found, strict=True)]
    block = np.sort(values.reshape(len(values), -1, width), axis=2)
    nothing = np.zeros(block.shape[:2], np.float32)
    return [
        block[:, :, -place] if place <= width else nothing
        for place in range(1, _TOP + 1)
    ]


def _largest_of_different(rows: HistoryRows, rest: np.ndarray) -> list[np.ndarray]:
    """The same of ``[P]`` where histories have different lengths."""
    found = []
    for _ in range(_TOP):
        best = rows.reduce(np.maximum, rest, -np.inf)
        found.append(np.where(np.isfinite(best), best, 0))
        places = np.flatnonzero((rest == best[rows.row]) & np.isfinite(rest))
        if not places.size:
            continue
        # Of equal values one is taken out.
        is_first = np.diff(rows.row[places], prepend=-1) > 0
        rest[places[is_first]] = -np.inf
    return found
