"""Where values lie among quantiles, found by a grid and not by a search of each."""

import numpy as np

_CELLS = 2048
# So many values at a time stay in a core's cache.
_AT_ONCE = 1 << 15


class QuantileScales:
    """Places of values among the ascending points of their column, linear between them.

    A value that equals points gets the middle of their places. The same numbers, to the
    last bit, as those of :class:`mmctr.ctr.features.row_statistics.RowStatistics`,
    which searches all points.
    """

    def __init__(self, points: np.ndarray, middles: np.ndarray) -> None:
        """Prepare the grids.

        Args:
            points: ``[S, n]`` float32, ascending.
            middles: ``[S, n]`` float32, the middle place of the points equal to each.
        """
        count, n = points.shape
        self._last = n - 1
        self._least = points[:, 0]
        with np.errstate(divide="ignore", over="ignore"):
            per_unit = np.float32(_CELLS) / (points[:, -1] - self._least)
        # Of a range that is none, or too narrow, all is in one cell.
        self._per_unit = np.where(np.isfinite(per_unit), per_unit, np.float32(0))
        self._start = np.empty((count, _CELLS), np.int64)
        # Behind the distinct points: a value above all.
        self._upper = np.full((count, n + 1), np.inf, np.float32)
        first = np.full((count, n + 1), n)
        for row, own in enumerate(points):
            distinct, place = np.unique(own, return_index=True)
            cells = self._cells(np.full(len(distinct), row), distinct)
            # Cells rise with values: points in those before are below.
            self._start[row] = np.searchsorted(cells, np.arange(_CELLS))
            self._upper[row, : len(distinct)] = distinct
            first[row, : len(distinct)] = place
        rows = np.arange(count)[:, None]
        above = np.minimum(first, n - 1)
        self._below = (first - 1).astype(np.float32)
        self._lower = points[rows, np.maximum(first - 1, 0)]
        self._width = points[rows, above] - self._lower
        self._middle = middles[rows, above]

    def __call__(self, columns: np.ndarray) -> np.ndarray:
        """Turn finite ``[S, B]`` float32 values into quantiles from -1 to 1."""
        # Much of a request's statistics is of its user, one value per column, and many
        # others are mostly 0.
        usual = np.where((columns == columns[:, :1]).all(axis=1), columns[:, 0], 0)
        of_usual = self._of(np.arange(len(usual)), usual)
        found = np.empty_like(columns)
        found[:] = of_usual[:, None]
        step = max(_AT_ONCE // max(columns.shape[1], 1), 1)
        for start in range(0, len(columns), step):
            some = slice(start, start + step)
            rows, places = np.nonzero(columns[some] != usual[some, None])
            rows += start
            found[rows, places] = self._of(rows, columns[rows, places])
        return found

    def _of(self, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The quantiles of values of columns, ``[N]`` each."""
        at = self._start.ravel()[self._cells(rows, values) + rows * _CELLS]
        at += rows * self._upper.shape[1]
        upper = self._upper.ravel()
        more = np.flatnonzero(upper[at] < values)
        while len(more):
            at[more] += 1
            more = more[upper[at[more]] < values[more]]
        with np.errstate(divide="ignore", invalid="ignore"):
            # Outside of all points this is infinite, and cut below.
            places = values - self._lower.ravel()[at]
            places /= self._width.ravel()[at]
        places += self._below.ravel()[at]
        equal = np.flatnonzero(values == upper[at])
        places[equal] = self._middle.ravel()[at[equal]]
        places.clip(0, self._last, out=places)
        places *= np.float32(2 / self._last)
        places -= 1
        return places

    def _cells(self, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
        cells = values - self._least[rows]
        cells *= self._per_unit[rows]
        return cells.clip(0, _CELLS - 1, out=cells).astype(np.int64)
