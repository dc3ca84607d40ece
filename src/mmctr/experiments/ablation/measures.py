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

MEASURES = ("gauc", "auc", "warm_auc", "clean_cold", "logloss")
"""Metrics of every training; the first three are compared between arms too."""

_COMPARED = ("gauc", "auc", "warm_auc")


@dataclass(frozen=True)
class ReportedRows:
    """The labelled rows that arms are reported on, each array ``[R]``."""

    labels: NDArray[Any]
    users: NDArray[Any]
    groups: NDArray[Any]
    cold: NDArray[np.bool_]


Scores = Mapping[str, Sequence[NDArray[np.float64]]]
"""Probabilities ``[R]`` of every arm, one array per seed, in the order of seeds."""


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

    def clean_cold(values: NDArray[np.float64]) -> float | None:
        share, pairs = clean_cold_auc(rows.labels, values, rows.groups, rows.cold)
        return share if pairs >= min_clean_cold_pairs else None

    measures: dict[str, Callable[[NDArray[np.float64]], float | None]] = {
        "gauc": lambda values: gauc(rows.labels, values, rows.groups),
        "auc": lambda values: auc(rows.labels, values),
        "warm_auc": lambda values: warm_auc(rows.labels, values, rows.cold),
        "clean_cold": clean_cold,
        "logloss": lambda values: logloss(rows.labels, values),
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


def compare_arms(
    rows: ReportedRows,
    scores: Scores,
    measured: Mapping[str, Mapping[str, Sequence[float | None]]],
    against: Sequence[str],
    params: EvaluationParams,
    *,
    resample_seeds: bool,
) -> dict[str, dict[str, dict[str, dict[str, float | None]]]]:
    """Compare every arm with some of them: paired differences with intervals.

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
        measured: From :func:`measure_seeds`.
        against: Arms that are subtracted; absent ones are left out.
        params: Resamples, confidence, power and seed.
        resample_seeds: Whether seeds are resampled too.

    Returns:
        Other arm -> arm -> ``gauc``, ``auc`` or ``warm_auc`` -> ``delta``, ``low``,
        ``high``, ``p``, ``p_holm`` and ``detectable``, the smallest true difference
        that would be shown with the power asked for. Holm's family is all arms against
        one other by one measure. An arm against itself is 0, with p 1.
    """
    arms = list(scores)
    n_seeds = len(next(iter(scores.values())))
    draws = _resampled(rows, scores, params)
    weights = _seed_weights(n_seeds, params, resample=resample_seeds)
    found: dict[str, dict[str, dict[str, dict[str, float | None]]]] = {}
    for other in against:
        if other not in scores:
            continue
        found[other] = {arm: {} for arm in arms}
        for name in _COMPARED:
            for arm in arms:
                differences = draws[name][arm] - draws[name][other]
                found[other][arm][name] = (
                    _nothing()
                    if arm == other
                    else _judge(
                        (differences * weights).sum(axis=1),
                        _difference(measured[arm][name], measured[other][name]),
                        params,
                    )
                )
            others = [arm for arm in arms if arm != other]
            adjusted = holm_adjust([found[other][arm][name]["p"] for arm in others])
            for arm, p_value in zip(others, adjusted, strict=True):
                found[other][arm][name]["p_holm"] = p_value
    return found


def _resampled(
    rows: ReportedRows, scores: Scores, params: EvaluationParams
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Measure -> arm -> ``[B, seeds]`` on the same draws of users."""
    columns = [each for of_seeds in scores.values() for each in of_seeds]
    n_seeds = len(columns) // len(scores)

    def draw(kept: NDArray[np.bool_]) -> Any:
        return resample_metrics(
            rows.labels[kept],
            [column[kept] for column in columns],
            rows.groups[kept],
            rows.users[kept],
            params,
        )

    def by_arm(values: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        return {
            arm: values[:, place * n_seeds : (place + 1) * n_seeds]
            for place, arm in enumerate(scores)
        }

    every = draw(np.ones(len(rows.labels), dtype=bool))
    warm = draw(~rows.cold) if rows.cold.any() else every
    return {
        "gauc": by_arm(every.gauc),
        "auc": by_arm(every.auc),
        "warm_auc": by_arm(warm.auc),
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


def _difference(
    ours: Sequence[float | None], theirs: Sequence[float | None]
) -> float | None:
    one, two = mean_and_sd(ours)[0], mean_and_sd(theirs)[0]
    return None if one is None or two is None else one - two


def _judge(
    differences: NDArray[np.float64], delta: float | None, params: EvaluationParams
) -> dict[str, float | None]:
    interval = percentile_interval(differences, params.confidence) or (None, None)
    return {
        "delta": delta,
        "low": interval[0],
        "high": interval[1],
        "p": resampled_p_value(differences, params.confidence),
        "p_holm": None,
        "detectable": detectable_difference(
            differences, params.confidence, params.power
        ),
    }


def _nothing() -> dict[str, float | None]:
    zeros = dict.fromkeys(("delta", "low", "high", "detectable"), 0.0)
    return {**zeros, "p": 1.0, "p_holm": 1.0}
