"""Measures as functions of how often each user counts, prepared once a split.

Each is called with counts ``[n_users]`` for every resample; see
:class:`mmctr.evaluation.resampling.WeightedAuc` for the area itself.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class UserRatio:
    """A sum over rows by another one: means, rates, shares of pairs."""

    numerators: NDArray[np.float64]
    """Sum of each user's rows ``[n_users]``; of several parts ``[n_users, K]``."""
    denominators: NDArray[np.float64]
    """The same shape."""

    @classmethod
    def of_rows(
        cls,
        values: NDArray[np.float64],
        users: NDArray[np.int64],
        n_users: int,
        part: NDArray[np.int64] | None = None,
    ) -> Self:
        """Take the mean of rows, or of each part of them.

        Args:
            values: ``[R]``.
            users: Numbers from 0 ``[R]``.
            n_users: How many there are.
            part: Number of each row's part ``[R]``, from 0; None: one mean of all.
        """
        if part is None:
            sums = np.bincount(users, values, n_users)
            return cls(sums, np.bincount(users, minlength=n_users).astype(np.float64))
        n_parts = int(part.max(initial=-1)) + 1
        shape = (n_users, n_parts)
        place = users * n_parts + part
        return cls(
            np.bincount(place, values, n_users * n_parts).reshape(shape),
            np.bincount(place, minlength=n_users * n_parts)
            .reshape(shape)
            .astype(np.float64),
        )

    def value(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the ratios where user ``u`` counts ``counts[u]`` times.

        Returns:
            A scalar or ``[K]``; NaN where the denominator is 0.
        """
        below = np.asarray(counts @ self.denominators)
        above = np.asarray(counts @ self.numerators)
        return np.divide(
            above, below, out=np.full(below.shape, np.nan), where=below > 0
        )


@dataclass(frozen=True)
class WeightedRoc:
    """The ROC curve of one score on a grid of false positive rates.

    Rows are sorted by score, highest first; ``ends`` are the last rows of each block of
    equal scores ``[K]``.
    """

    users: NDArray[np.int64]
    """User of each row, sorted ``[R]``."""
    is_click: NDArray[np.float64]
    """1 for clicked rows, sorted ``[R]``."""
    ends: NDArray[np.int64]
    grid: NDArray[np.float64]
    """False positive rates ``[G]``, rising within 0..1."""

    @classmethod
    def prepare(
        cls,
        labels: NDArray[np.int64],
        scores: NDArray[np.float64],
        users: NDArray[np.int64],
        grid: NDArray[np.float64],
    ) -> Self:
        """Sort the rows ``[R]`` once; ``users`` are numbered from 0."""
        order = np.argsort(-scores, kind="stable")
        ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
        return cls(users[order], labels[order].astype(np.float64), ends, grid)

    def value(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the curve where user ``u`` counts ``counts[u]`` times.

        Returns:
            True positive rates ``[G]``, straight between blocks; NaN where a class has
            no weight.
        """
        weights = counts[self.users]
        clicks = np.cumsum(weights * self.is_click)
        rows = np.cumsum(weights)
        if not len(rows) or not clicks[-1] or clicks[-1] == rows[-1]:
            return np.full(len(self.grid), np.nan)
        found, passed = clicks[self.ends], (rows - clicks)[self.ends]
        return np.interp(
            self.grid,
            np.concatenate([[0.0], passed / passed[-1]]),
            np.concatenate([[0.0], found / found[-1]]),
        )
