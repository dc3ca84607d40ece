"""Measures as functions of how often each user counts.

Each is prepared once per split, then called with counts ``[n_users]`` per resample.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Measure = Callable[[NDArray[np.float64]], Any]
"""Counts ``[n_users]`` to a number or ``[K]`` numbers; NaN where undefined."""


@dataclass(frozen=True)
class UserRatio:
    """One sum over users divided by another: means, rates, shares of pairs."""

    numerators: NDArray[np.float64]
    """Sum of each user's rows ``[n_users]``; of several parts ``[n_users, K]``."""
    denominators: NDArray[np.float64]
    """The same shape."""

    @classmethod
    def of_sums(
        cls,
        above: NDArray[Any],
        users: NDArray[np.int64],
        n_users: int,
        *,
        below: NDArray[Any] | None = None,
        part: NDArray[np.int64] | None = None,
    ) -> Self:
        """Sum the values of each user.

        Args:
            above: ``[R]``, summed to the numerators.
            users: Number of each value's user ``[R]``, from 0.
            n_users: Number of users.
            below: ``[R]``, summed to the denominators; None: 1 each, so that the
                ratio is a mean.
            part: Number of each value's part ``[R]``, from 0, for one ratio per part;
                None: one ratio of all.
        """
        shape, place = (n_users,), users
        if part is not None:
            shape = (n_users, int(part.max(initial=-1)) + 1)
            place = users * shape[1] + part
        ones = np.ones(len(users)) if below is None else below
        return cls(
            *(
                np.bincount(place, values, math.prod(shape)).reshape(shape)
                for values in (above, ones)
            )
        )

    def __call__(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
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
class WeightedAuc:
    """The AUC of one score as a function of how often each user counts.

    Sorting happens once; a resample then costs one cumulative sum. ``P`` positive and
    ``N`` negative rows are each sorted by score.
    """

    positive_users: NDArray[np.int64]
    """User of each positive row ``[P]``."""
    negative_users: NDArray[np.int64]
    """User of each negative row ``[N]``."""
    below: NDArray[np.int64]
    """Negative rows that score lower than the positive row ``[P]``."""
    not_above: NDArray[np.int64]
    """Negative rows that score lower or the same ``[P]``."""
    weights: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    """Of the positive rows ``[P]`` and of the negative ones ``[N]``; None: all 1."""

    @classmethod
    def prepare(
        cls,
        labels: NDArray[np.int64],
        scores: NDArray[np.float64],
        users: NDArray[np.int64],
        weights: NDArray[np.float64] | None = None,
    ) -> Self:
        """Sort the rows ``[R]`` once; ``users`` are numbered from 0."""
        order = np.argsort(scores, kind="stable")
        positive = order[labels[order] == 1]
        negative = order[labels[order] == 0]
        return cls(
            positive_users=users[positive],
            negative_users=users[negative],
            below=np.searchsorted(scores[negative], scores[positive], "left"),
            not_above=np.searchsorted(scores[negative], scores[positive], "right"),
            weights=None if weights is None else (weights[positive], weights[negative]),
        )

    def __call__(self, counts: NDArray[np.float64]) -> float:
        """Compute the AUC where user ``u`` counts ``counts[u]`` times.

        Args:
            counts: ``[n_users]`` float64, not negative.

        Returns:
            The area (ties count one half); NaN where a class has no weight.
        """
        positive, others = counts[self.positive_users], counts[self.negative_users]
        if self.weights is not None:
            positive, others = positive * self.weights[0], others * self.weights[1]
        negative = np.zeros(len(others) + 1)
        np.cumsum(others, out=negative[1:])
        pairs = positive.sum() * negative[-1]
        if not pairs:
            return float("nan")
        # Half of "lower" plus half of "lower or the same" gives ties one half.
        twice = positive @ (negative[self.below] + negative[self.not_above])
        return float(twice / (2 * pairs))


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
    weights: NDArray[np.float64]
    """How much each row counts, sorted ``[R]``."""
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
        weights: NDArray[np.float64] | None = None,
    ) -> Self:
        """Sort the rows ``[R]`` once; ``users`` are numbered from 0."""
        order = np.argsort(-scores, kind="stable")
        ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
        w = np.ones(len(order)) if weights is None else weights[order]
        return cls(users[order], labels[order].astype(np.float64), w, ends, grid)

    def __call__(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the curve where user ``u`` counts ``counts[u]`` times.

        Returns:
            True positive rates ``[G]``, straight between blocks; NaN where a class has
            no weight.
        """
        weights = counts[self.users] * self.weights
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
