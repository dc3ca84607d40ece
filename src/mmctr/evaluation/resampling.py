"""Resampling users: AUC and gAUC of several scores on the same draws.

Rows of one user are not independent, so whole users are drawn with replacement: the
cluster bootstrap (Davison and Hinkley, 1997, chapter 3).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmctr.evaluation.inputs import checked_labels, checked_scores, factorise
from mmctr.evaluation.metrics import group_pairs
from mmctr.evaluation.params import EvaluationParams


@dataclass(frozen=True)
class ResampledMetrics:
    """AUC and gAUC of ``S`` scores on ``B`` resamples; NaN where undefined."""

    auc: NDArray[np.float64]
    """``[B, S]``"""
    gauc: NDArray[np.float64]
    """``[B, S]``"""


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

    @classmethod
    def prepare(
        cls,
        labels: NDArray[np.int64],
        scores: NDArray[np.float64],
        users: NDArray[np.int64],
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
        )

    def value(self, counts: NDArray[np.float64]) -> float:
        """Compute the AUC where user ``u`` counts ``counts[u]`` times.

        Args:
            counts: ``[n_users]`` float64, not negative.

        Returns:
            The area (ties count one half); NaN where a class has no weight.
        """
        positive = counts[self.positive_users]
        negative = np.zeros(len(self.negative_users) + 1)
        np.cumsum(counts[self.negative_users], out=negative[1:])
        pairs = positive.sum() * negative[-1]
        if not pairs:
            return float("nan")
        # Half of "lower" plus half of "lower or the same" gives ties one half.
        twice = positive @ (negative[self.below] + negative[self.not_above])
        return float(twice / (2 * pairs))


def user_draws(n_users: int, params: EvaluationParams) -> Iterator[NDArray[np.float64]]:
    """Draw users with replacement, again and again.

    Args:
        n_users: Number of users, also the size of each draw.
        params: Number of resamples and seed.

    Yields:
        How often each user was drawn ``[n_users]``, float64.
    """
    rng = np.random.default_rng(params.seed)
    for _ in range(params.resamples):
        drawn = rng.integers(n_users, size=n_users)
        yield np.bincount(drawn, minlength=n_users).astype(np.float64)


def resample_metrics(
    labels: ArrayLike,
    scores: Sequence[ArrayLike],
    groups: ArrayLike,
    users: ArrayLike,
    params: EvaluationParams,
) -> ResampledMetrics:
    """Compute AUC and gAUC of several scores on the same resamples of users.

    Args:
        labels: ``[R]`` of 0 and 1.
        scores: ``S`` arrays ``[R]``, each finite.
        groups: ``[R]``; each group belongs to one user.
        users: ``[R]``; what is resampled.
        params: Number of resamples and seed.

    Returns:
        The measures of every resample and score; all NaN with fewer than two users.

    Raises:
        ValueError: If lengths differ, a label is not 0/1, a score not finite, or a
            group has rows of two users.
    """
    y = checked_labels(labels)
    finite = [checked_scores(score, len(y)) for score in scores]
    group_codes = factorise("groups", groups, len(y))
    user_codes = factorise("users", users, len(y))
    group_users = _user_of_group(group_codes, user_codes, groups)
    n_users = int(user_codes.max(initial=-1)) + 1
    shape = (params.resamples, len(finite))
    if n_users < 2:
        # The spread over users can't be known from one of them.
        return ResampledMetrics(np.full(shape, np.nan), np.full(shape, np.nan))

    areas = [WeightedAuc.prepare(y, score, user_codes) for score in finite]
    numerators = np.zeros((n_users, len(finite)))
    weights = np.zeros(n_users)
    for column, score in enumerate(finite):
        counts = group_pairs(y, score, group_codes)
        mixed = counts.pairs > 0
        rows, owners = counts.rows[mixed], group_users[mixed]
        group_auc = counts.ordered[mixed] / counts.pairs[mixed]
        numerators[:, column] = np.bincount(owners, rows * group_auc, n_users)
        weights = np.bincount(owners, rows, n_users)

    resampled = ResampledMetrics(np.empty(shape), np.full(shape, np.nan))
    for draw, counts in enumerate(user_draws(n_users, params)):
        resampled.auc[draw] = [area.value(counts) for area in areas]
        weight = counts @ weights
        if weight:
            resampled.gauc[draw] = counts @ numerators / weight
    return resampled


def _user_of_group(
    group_codes: NDArray[np.int64], user_codes: NDArray[np.int64], groups: ArrayLike
) -> NDArray[np.int64]:
    """Give the user of each group ``[G]``, refusing groups of two users."""
    owners = np.empty(int(group_codes.max(initial=-1)) + 1, dtype=np.int64)
    owners[group_codes] = user_codes
    wrong = np.flatnonzero(owners[group_codes] != user_codes)
    if wrong.size:
        raise ValueError(
            f"groups, row {wrong[0]}: group {np.asarray(groups)[wrong[0]]} has rows of "
            f"more than one user, so users can't be resampled whole; give the groups "
            f"of every user ids of their own."
        )
    return owners
