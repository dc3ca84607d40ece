"""Metrics and baselines of one's own, beside those of the project."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmctr.evaluation.params import BASELINE, EvaluationParams
from mmctr.evaluation.resampling import UserRows
from mmctr.evaluation.weighted import Measure
from mmctr.runtime.extensions import ExtensionPoint

Metric = Callable[
    [NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]],
    float | None,
]
"""Of labels, scores, numbers of groups and weights, ``[R]`` each; None or NaN where it
is undefined. A row of weight 2 counts as the same row twice, one of weight 0 as none:
users are resampled so."""


@dataclass(frozen=True)
class BaselineRows:
    """Rows as a baseline sees them, without their labels."""

    users: NDArray[Any]
    """``[R]``."""
    groups: NDArray[Any]
    """``[R]``."""
    items: NDArray[Any]
    """Target of each row ``[R]``, from 1."""
    history: NDArray[Any]
    """Items of all histories ``[T]``, oldest first."""
    offsets: NDArray[Any]
    """Borders of the histories ``[R + 1]``."""


Baseline = Callable[
    [BaselineRows, NDArray[Any], BaselineRows, NDArray[np.float32]], NDArray[Any]
]
"""Of train's rows, their labels ``[N]``, the rows to score and the vectors of titles
``[n_items, d]`` (row i - 1 is item i; d is 0 without titles); returns a finite score
per row ``[R]``, higher for a likelier click."""


def name_of(entry: str) -> str:
    """What a metric or baseline is called in artifacts: what stands behind the colon.

    Args:
        entry: ``package.module:name``, or an entry point.
    """
    return entry.rpartition(":")[2].replace(".", "_")


def load_own(point: ExtensionPoint, entries: Sequence[str]) -> dict[str, Any]:
    """Import metrics or baselines by their names.

    Args:
        point: :data:`~mmctr.evaluation.params.METRIC` or
            :data:`~mmctr.evaluation.params.BASELINE`.
        entries: As the parameters name them.

    Returns:
        By :func:`name_of`.

    Raises:
        ValueError: If one can't be imported.
    """
    return {name_of(entry): point.load(entry) for entry in entries}


def own_measures(
    rows: UserRows,
    scored: Mapping[str, NDArray[np.float64]],
    metrics: Mapping[str, Metric],
) -> dict[Any, Measure]:
    """Prepare own metrics of every score for the resamples.

    Args:
        rows: Labels, users, groups and weights.
        scored: Scores ``[R]`` by the name of what gave them.
        metrics: By name.

    Returns:
        By name of metric and score.
    """
    return {
        (metric, name): partial(_measure, metric, function, rows, scores)
        for metric, function in metrics.items()
        for name, scores in scored.items()
    }


def _measure(
    name: str,
    function: Metric,
    rows: UserRows,
    scores: NDArray[np.float64],
    counts: NDArray[np.float64],
) -> float:
    weights = counts[rows.users]
    if rows.weights is not None:
        weights = weights * rows.weights
    try:
        found = function(rows.labels, scores, rows.groups, weights)
        return math.nan if found is None else float(found)
    except Exception as error:
        raise ValueError(
            f"ctr_modeling.evaluation.metrics: {name} fails: {type(error).__name__}: "
            f"{error}; mmctr.check_metric shows what it must do"
        ) from error


def own_baselines(
    train: BaselineRows | None,
    labels: NDArray[Any],
    rows: Any,
    titles: NDArray[np.float32],
    params: EvaluationParams,
) -> dict[str, NDArray[np.float64]]:
    """Score rows by every own baseline.

    Args:
        train: Train's rows; None: there are no own baselines.
        labels: Of train ``[N]``.
        rows: The rows to score, with the attributes of :class:`BaselineRows`; no other
            reaches the baselines.
        titles: ``[n_items, d]``; d is 0 without titles.
        params: Names them.

    Returns:
        By :func:`name_of` ``[R]`` float64.

    Raises:
        ValueError: If one fails or gives something else; it names the baseline.
    """
    if train is None:
        return {}
    unlabelled = BaselineRows(
        **{each.name: getattr(rows, each.name) for each in fields(BaselineRows)}
    )
    own = load_own(BASELINE, params.baselines)
    given = (train, labels, unlabelled, titles)
    return {name: _scores(name, baseline, *given) for name, baseline in own.items()}


def _scores(name: str, baseline: Baseline, *given: Any) -> NDArray[np.float64]:
    count, where = len(given[2].items), f"ctr_modeling.evaluation.baselines: {name}"
    remedy = "mmctr.check_baseline shows what it must do"
    try:
        found = np.asarray(baseline(*given), np.float64)
    except Exception as error:
        raise ValueError(
            f"{where} fails: {type(error).__name__}: {error}; {remedy}"
        ) from error
    if found.shape != (count,) or not np.isfinite(found).all():
        raise ValueError(
            f"{where} gives shape {list(found.shape)} for {count} rows, or numbers "
            f"that are not finite; expected one finite score per row; {remedy}"
        )
    return found
