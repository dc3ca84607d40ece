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
        # The first point of each cell; small numbers, so that all stay in the cache.
        starts = np.empty((count, _CELLS), np.int16)
        # Behind the distinct points: a value above all.
        upper = np.full((count, n + 1), np.inf, np.float32)
        first = np.full((count, n + 1), n)
        for row, own in enumerate(points):
            distinct, place = np.unique(own, return_index=True)
            cells = self._cells(np.full(len(distinct), row), distinct)
            # Cells rise with values: points in those before are below.
            starts[row] = np.searchsorted(cells, np.arange(_CELLS))
            upper[row, : len(distinct)] = distinct
            first[row, : len(distinct)] = place
        rows = np.arange(count)[:, None]
        above = np.minimum(first, n - 1)
        lower = points[rows, np.maximum(first - 1, 0)]
        self._starts = starts.ravel()
        self._first_point = rows.ravel() * (n + 1)
        self._upper = upper.ravel()
        self._below = (first - 1).astype(np.float32).ravel()
        self._lower = lower.ravel()
        self._width = (points[rows, above] - lower).ravel()
        self._middle = middles[rows, above].ravel()

    def __call__(self, columns: np.ndarray) -> np.ndarray:
        """Turn finite ``[S, B]`` float32 values into quantiles from -1 to 1."""
        # Much of a request's statistics is of its user, one value per column, and many
        # others are mostly 0.
        usual = np.where((columns == columns[:, :1]).all(axis=1), columns[:, 0], 0)
        of_usual = self._of(np.arange(len(usual)), usual)
        found = np.empty(columns.shape, np.float32)
        found[:] = of_usual[:, None]
        step = max(_AT_ONCE // max(columns.shape[1], 1), 1)
        for start in range(0, len(columns), step):
            some = slice(start, start + step)
            own, differs = columns[some], columns[some] != usual[some, None]
            places = np.flatnonzero(differs)
            counts = np.count_nonzero(differs, axis=1)
            rows = np.repeat(np.arange(start, start + len(own)), counts)
            found[some].reshape(-1)[places] = self._of(rows, own.take(places))
        return found

    def _of(self, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The quantiles of values of columns, ``[N]`` each."""
        # What take does is what brackets do, in two thirds of the time.
        at = self._first_point.take(rows)
        at += self._starts.take(self._cells(rows, values) + rows * _CELLS)
        upper = self._upper.take(at)
        more = np.flatnonzero(upper < values)
        while len(more):
            at[more] += 1
            upper[more] = self._upper.take(at.take(more))
            more = more[upper.take(more) < values.take(more)]
        with np.errstate(divide="ignore", invalid="ignore"):
            # Outside of all points this is infinite, and cut below.
            places = values - self._lower.take(at)
            places /= self._width.take(at)
        places += self._below.take(at)
        equal = np.flatnonzero(values == upper)
        places[equal] = self._middle.take(at.take(equal))
        places.clip(0, self._last, out=places)
        places *= np.float32(2 / self._last)
        places -= 1
        return places

    def _cells(self, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
        cells = values - self._least.take(rows)
        cells *= self._per_unit.take(rows)
        return cells.clip(0, _CELLS - 1, out=cells).astype(np.int64)
