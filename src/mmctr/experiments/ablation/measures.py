"""Metrics of the arms of an ablation on the test rows, and their differences."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmctr.evaluation import (
    EvaluationParams,
    auc,
    clean_cold_auc,
    detectable_difference,
    gauc,
    holm_adjust,
    logloss,
    percentile_interval,
    resample_metrics,
    resampled_p_value,
    warm_auc,
)
from mmctr.evaluation.metrics import row_losses
from mmctr.evaluation.resampling import UserRows, resample

MEASURES = ("gauc", "auc", "warm_auc", "clean_cold", "logloss")
"""Metrics of every training. All but ``clean_cold`` are compared between arms too, and
of all but ``logloss`` more is better."""

LISTED_MEASURES = ("gauc", "auc", "logloss")
"""Metrics of the comparisons that ``ablation.comparisons`` lists."""

# An arm against itself.
_EQUAL = {
    **dict.fromkeys(("delta", "low", "high", "detectable"), 0.0),
    **dict.fromkeys(("p", "p_holm"), 1.0),
}


@dataclass(frozen=True)
class ReportedRows:
    """The labelled rows that arms are reported on, each array ``[R]``."""

    labels: NDArray[Any]
    users: NDArray[Any]
    groups: NDArray[Any]
    cold: NDArray[np.bool_]
    weights: NDArray[np.float64] | None = None
    """How much each row counts in all measures; None: all the same."""


Scores = Mapping[str, Sequence[NDArray[np.float64]]]
"""Probabilities ``[R]`` of every arm, one array per seed, in the order of seeds."""


def mean_logits(
    probabilities: Sequence[NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Average the logits of several models, each ``[R]``, and give probabilities."""
    epsilon = np.finfo(np.float64).eps
    kept = np.clip(np.stack(probabilities), epsilon, 1 - epsilon)
    return 1 / (1 + np.exp(-np.log(kept / (1 - kept)).mean(axis=0)))


def measure_seeds(
    rows: ReportedRows, scores: Scores, min_clean_cold_pairs: int
) -> dict[str, dict[str, list[float | None]]]:
    """Compute the metrics of every training.

    Args:
        rows: Labels with their users and groups.
        scores: Probabilities of every arm and seed.
        min_clean_cold_pairs: With fewer, ``clean_cold`` is None.

    Returns:
        Arm -> metric of :data:`MEASURES` -> one value per seed, None where undefined.
    """
    y, weights = rows.labels, rows.weights

    def clean_cold(values: NDArray[np.float64]) -> float | None:
        share, pairs = clean_cold_auc(y, values, rows.groups, rows.cold, weights)
        return share if pairs >= min_clean_cold_pairs else None

    measures: dict[str, Callable[[NDArray[np.float64]], float | None]] = {
        "gauc": lambda values: gauc(y, values, rows.groups, weights),
        "auc": lambda values: auc(y, values, weights),
        "warm_auc": lambda values: warm_auc(y, values, rows.cold, weights),
        "clean_cold": clean_cold,
        "logloss": lambda values: logloss(y, values, weights),
    }
    return {
        arm: {
            name: [measure(each) for each in of_seeds]
            for name, measure in measures.items()
        }
        for arm, of_seeds in scores.items()
    }


def mean_and_sd(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    """Mean, and standard deviation over seeds (n - 1); None where undefined."""
    known = [value for value in values if value is not None]
    if len(known) < len(values) or not known:
        return None, None
    spread = float(np.std(known, ddof=1)) if len(known) > 1 else None
    return float(np.mean(known)), spread


@dataclass(frozen=True)
class MeasuredArms:
    """Metrics of every arm: of each training, and resampled."""

    values: Mapping[str, Mapping[str, Sequence[float | None]]]
    """From :func:`measure_seeds`."""
    draws: Mapping[str, Mapping[str, NDArray[np.float64]]]
    """Compared metric -> arm -> mean over seeds on each resample ``[B]``; NaN where
    undefined."""
    params: EvaluationParams

    def compare(self, arm: str, other: str, measure: str) -> dict[str, float | None]:
        """Compare two arms by one metric.

        Returns:
            ``delta``, ``low``, ``high``, ``p``, and ``detectable``, the smallest true
            difference that would be shown with the power asked for; None where
            undefined.
        """
        confidence = self.params.confidence
        means = [mean_and_sd(self.values[name][measure])[0] for name in (arm, other)]
        differences = self.draws[measure][arm] - self.draws[measure][other]
        low, high = percentile_interval(differences, confidence) or (None, None)
        return {
            "delta": None if None in means else means[0] - means[1],
            "low": low,
            "high": high,
            "p": resampled_p_value(differences, confidence),
            "detectable": detectable_difference(
                differences, confidence, self.params.power
            ),
        }


def resample_arms(
    rows: ReportedRows,
    scores: Scores,
    values: Mapping[str, Mapping[str, Sequence[float | None]]],
    params: EvaluationParams,
    *,
    resample_seeds: bool,
) -> MeasuredArms:
    """Resample the metrics by which arms are compared.

    A difference is the mean over seeds of the arm's measure minus the other's at the
    same seed: that of two trainings, not of two ensembles. Users are resampled whole,
    the same ones for all arms and seeds. With ``resample_seeds``, and two seeds at
    least, seeds are resampled as well, independently of users: the pigeonhole bootstrap
    of crossed factors (Owen, 2007, Annals of Applied Statistics 1(2), 386-411). The
    interval then covers new users *and* new trainings; of S seeds it sees a share of
    (S - 1) / S of the seeds' variance, so it is a little narrow with two or three.
    Neither covers other data sets, other codes of the same quantiser, or the choice of
    the candidate.

    Args:
        rows: Labels with their users and groups.
        scores: Probabilities of every arm and seed.
        values: From :func:`measure_seeds`.
        params: Resamples, confidence, power and seed.
        resample_seeds: Whether seeds are resampled too.
    """
    n_seeds = len(next(iter(scores.values())))
    weights = _seed_weights(n_seeds, params, resample=resample_seeds)
    draws = {
        name: {
            arm: (drawn[:, place] * weights).sum(axis=1)
            for place, arm in enumerate(scores)
        }
        for name, drawn in _resampled(rows, scores, params).items()
    }
    return MeasuredArms(values, draws, params)


def compare_arms(
    measured: MeasuredArms, against: Sequence[str]
) -> dict[str, dict[str, dict[str, dict[str, float | None]]]]:
    """Compare every arm with some of them: paired differences with intervals.

    Args:
        measured: From :func:`resample_arms`.
        against: Arms that are subtracted; absent ones are left out.

    Returns:
        Other arm -> arm -> ``gauc``, ``auc``, ``logloss`` or ``warm_auc`` -> what
        :meth:`MeasuredArms.compare` gives, and ``p_holm``. Holm's family is all arms
        against one other by one measure. An arm against itself is 0, with p 1.
    """
    arms = list(measured.values)
    found: dict[str, dict[str, dict[str, dict[str, float | None]]]] = {}
    for other in (arm for arm in against if arm in arms):
        found[other] = {arm: {} for arm in arms}
        for name in measured.draws:
            for arm in arms:
                found[other][arm][name] = (
                    {**_EQUAL} if arm == other else measured.compare(arm, other, name)
                )
            family = [found[other][arm][name] for arm in arms if arm != other]
            adjusted = holm_adjust([judged["p"] for judged in family])
            for judged, p_value in zip(family, adjusted, strict=True):
                judged["p_holm"] = p_value
    return found


def compare_listed(
    measured: MeasuredArms, pairs: Sequence[tuple[str, str]]
) -> list[dict[str, Any]]:
    """Compare the pairs of arms that were asked for.

    Args:
        measured: From :func:`resample_arms`.
        pairs: Arm and the other that is subtracted; a pair with an absent arm is left
            out.

    Returns:
        ``arm``, ``other``, and by each of :data:`LISTED_MEASURES` ``delta``, ``low``,
        ``high`` and ``p``, not corrected: each pair is a question of its own.
    """
    return [
        {
            "arm": arm,
            "other": other,
            **{
                name: {
                    key: value
                    for key, value in measured.compare(arm, other, name).items()
                    if key != "detectable"
                }
                for name in LISTED_MEASURES
            },
        }
        for arm, other in pairs
        if {arm, other} <= set(measured.values)
    ]


def _resampled(
    rows: ReportedRows, scores: Scores, params: EvaluationParams
) -> dict[str, NDArray[np.float64]]:
    """Compared measure -> ``[B, arms, seeds]`` on the same draws of users."""

    def draw(kept: NDArray[np.bool_]) -> Any:
        return resample_metrics(
            rows.labels[kept],
            [each[kept] for of_seeds in scores.values() for each in of_seeds],
            rows.groups[kept],
            rows.users[kept],
            params,
            None if rows.weights is None else rows.weights[kept],
        )

    users = UserRows.of(rows.labels, rows.groups, rows.users, rows.weights)
    columns = [each for of_seeds in scores.values() for each in of_seeds]
    losses = {
        place: users.mean(row_losses(users.labels, each))
        for place, each in enumerate(columns)
    }
    # The seed is the same, and so are the draws.
    drawn_losses = resample(losses, users.n_users, params)
    every = draw(np.ones(len(rows.labels), dtype=bool))
    warm = draw(~rows.cold) if rows.cold.any() else every
    found = {
        "gauc": every.gauc,
        "auc": every.auc,
        "logloss": np.stack(list(drawn_losses.values()), axis=1),
        "warm_auc": warm.auc,
    }
    return {
        name: values.reshape(len(values), len(scores), -1)
        for name, values in found.items()
    }


def _seed_weights(
    n_seeds: int, params: EvaluationParams, *, resample: bool
) -> NDArray[np.float64]:
    """Weights of the seeds in each resample: ``[B, seeds]``, rows add up to 1."""
    shape = (params.resamples, n_seeds)
    if not resample or n_seeds < 2:
        return np.full(shape, 1 / n_seeds)
    # Its own stream, independent of the draws of users.
    rng = np.random.default_rng([params.seed, 1])
    drawn = rng.integers(n_seeds, size=shape)
    return (drawn[:, :, None] == np.arange(n_seeds)).mean(axis=1)
