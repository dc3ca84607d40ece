"""Resampling users: several measures on the same draws.

Rows of one user are not independent, so whole users are drawn with replacement: the
cluster bootstrap (Davison and Hinkley, 1997, chapter 3).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmctr.evaluation.inputs import (
    checked_labels,
    checked_scores,
    checked_weights,
    factorise,
)
from mmctr.evaluation.metrics import group_pairs
from mmctr.evaluation.params import EvaluationParams
from mmctr.evaluation.top_k import CUTS, TOP_MEASURES, first_rows
from mmctr.evaluation.weighted import Measure, UserRatio, WeightedAuc


@dataclass(frozen=True)
class ResampledMetrics:
    """AUC and gAUC of ``S`` scores on ``B`` resamples; NaN where undefined."""

    auc: NDArray[np.float64]
    """``[B, S]``"""
    gauc: NDArray[np.float64]
    """``[B, S]``"""


@dataclass(frozen=True)
class UserRows:
    """Labelled rows with numbered users and groups, and ranking measures of them."""

    labels: NDArray[np.int64]
    """``[R]`` of 0 and 1."""
    users: NDArray[np.int64]
    """Number of each row's user ``[R]``, from 0."""
    groups: NDArray[np.int64]
    """Number of each row's group ``[R]``, from 0."""
    owners: NDArray[np.int64]
    """User of each group ``[G]``."""
    n_users: int
    weights: NDArray[np.float64] | None = None
    """How much each row counts in all measures ``[R]``; None: all the same."""

    @classmethod
    def of(
        cls,
        labels: ArrayLike,
        groups: ArrayLike,
        users: ArrayLike,
        weights: NDArray[Any] | None = None,
    ) -> Self:
        """Check and number the rows.

        Raises:
            ValueError: If lengths differ, a label is not 0/1, or a group has rows of
                two users.
        """
        y = checked_labels(labels)
        group_codes = factorise("groups", groups, len(y))
        user_codes = factorise("users", users, len(y))
        owners = np.empty(int(group_codes.max(initial=-1)) + 1, dtype=np.int64)
        owners[group_codes] = user_codes
        wrong = np.flatnonzero(owners[group_codes] != user_codes)
        if wrong.size:
            raise ValueError(
                f"groups, row {wrong[0]}: group {np.asarray(groups)[wrong[0]]} has "
                f"rows of more than one user, so users can't be resampled whole; give "
                f"the groups of every user ids of their own."
            )
        n_users = int(user_codes.max(initial=-1)) + 1
        w = None if weights is None else checked_weights(weights, len(y))
        return cls(y, user_codes, group_codes, owners, n_users, w)

    def weights_of(self, part: Any) -> NDArray[np.float64] | None:
        """The weights of a part of the rows."""
        return None if self.weights is None else self.weights[part]

    def auc(
        self, scores: NDArray[np.float64], part: NDArray[np.bool_] | None = None
    ) -> WeightedAuc:
        """Prepare the AUC of scores ``[R]``, over all rows or a part of them."""
        rows = slice(None) if part is None else part
        chosen = (self.labels[rows], scores[rows], self.users[rows])
        return WeightedAuc.prepare(*chosen, self.weights_of(rows))

    def gauc(self, scores: NDArray[np.float64]) -> UserRatio:
        """Prepare the gAUC of scores ``[R]``."""
        counts = group_pairs(self.labels, scores, self.groups, self.weights)
        mixed = counts.pairs > 0
        rows = counts.rows[mixed]
        group_auc = counts.ordered[mixed] / counts.pairs[mixed]
        return UserRatio.of_sums(
            rows * group_auc, self.owners[mixed], self.n_users, below=rows
        )

    def top(self, scores: NDArray[np.float64]) -> UserRatio:
        """Prepare the means over groups of :data:`TOP_MEASURES` of scores ``[R]``.

        With weights, a group counts as the mean weight of its rows.
        """
        above, below = np.zeros((2, self.n_users, len(TOP_MEASURES)))
        weights = self.mean_group_weights()
        for place, cut in enumerate(CUTS):
            found = first_rows(self.labels, scores, self.groups, cut)
            owners, counts = self.owners[found.groups], weights[found.groups]
            for column, values in enumerate((found.hit, found.ndcg), 2 * place):
                sums = (owners, values * counts, self.n_users)
                above[:, column] = np.bincount(*sums)
                below[:, column] = np.bincount(owners, counts, self.n_users)
        return UserRatio(above, below)

    def mean_group_weights(self) -> NDArray[np.float64]:
        """Compute the mean weight of the rows of each group ``[G]``; 1 without any."""
        if self.weights is None:
            return np.ones(len(self.owners))
        return np.bincount(self.groups, self.weights) / np.bincount(self.groups)

    def mean(
        self, values: NDArray[np.float64], part: NDArray[np.int64] | None = None
    ) -> UserRatio:
        """Prepare the mean of values ``[R]``, or one per part; see ``UserRatio``."""
        sums = (values, self.users, self.n_users)
        if self.weights is None:
            return UserRatio.of_sums(*sums, part=part)
        weighted = (values * self.weights, *sums[1:])
        return UserRatio.of_sums(*weighted, below=self.weights, part=part)

    def pair_share(
        self, scores: NDArray[np.float64], part: NDArray[np.bool_]
    ) -> UserRatio:
        """Prepare the share of a part's pairs within a group that are ordered right."""
        groups = self.groups[part]
        rows = (self.labels[part], scores[part], groups, self.weights_of(part))
        counts = group_pairs(*rows)
        owners = self.owners[np.unique(groups)]
        return UserRatio.of_sums(
            counts.ordered, owners, self.n_users, below=counts.pairs
        )

    def count_pairs(self, part: NDArray[np.bool_]) -> int:
        """Count the pairs of :meth:`pair_share`, whatever their weights."""
        labels = self.labels[part]
        counts = group_pairs(labels, np.zeros(len(labels)), self.groups[part])
        return int(counts.pairs.sum())


def user_draws(n_users: int, params: EvaluationParams) -> Iterator[NDArray[np.float64]]:
    """Draw users with replacement, once per resample.

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


def resample(
    measures: Mapping[Any, Measure], n_users: int, params: EvaluationParams
) -> dict[Any, NDArray[np.float64]]:
    """Compute every measure on the same resamples of users.

    Args:
        measures: By any key.
        n_users: Number of users.
        params: Number of resamples and seed.

    Returns:
        By key ``[B]`` or ``[B, K]``; all NaN with fewer than two users.
    """
    once = np.ones(n_users)
    drawn = {
        key: np.full((params.resamples, *np.shape(measure(once))), np.nan)
        for key, measure in measures.items()
    }
    # One user says nothing about the spread over users.
    if n_users > 1:
        for draw, counts in enumerate(user_draws(n_users, params)):
            for key, measure in measures.items():
                drawn[key][draw] = measure(counts)
    return drawn


def resample_metrics(
    labels: ArrayLike,
    scores: Sequence[ArrayLike],
    groups: ArrayLike,
    users: ArrayLike,
    params: EvaluationParams,
    weights: NDArray[Any] | None = None,
) -> ResampledMetrics:
    """Compute AUC and gAUC of several scores on the same resamples of users.

    Args:
        labels: ``[R]`` of 0 and 1.
        scores: ``S`` arrays ``[R]``, each finite.
        groups: ``[R]``; each group belongs to one user.
        users: ``[R]``; what is resampled.
        params: Number of resamples and seed.
        weights: How much each row counts ``[R]``; None: all the same.

    Returns:
        The measures of every resample and score; all NaN with fewer than two users.

    Raises:
        ValueError: If lengths differ, a label is not 0/1, a score not finite, or a
            group has rows of two users.
    """
    rows = UserRows.of(labels, groups, users, weights)
    finite = [checked_scores(score, len(rows.labels)) for score in scores]
    areas = {("auc", column): rows.auc(score) for column, score in enumerate(finite)}
    means = {("gauc", column): rows.gauc(score) for column, score in enumerate(finite)}
    drawn = resample({**areas, **means}, rows.n_users, params)
    return ResampledMetrics(
        auc=np.stack([drawn[key] for key in areas], axis=1),
        gauc=np.stack([drawn[key] for key in means], axis=1),
    )
