"""What metrics and baselines of one's own must do, checked on small random rows."""

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmctr.evaluation.own import BaselineRows
from mmctr.evaluation.params import BASELINE, METRIC
from mmctr.runtime.extensions import raise_problems

_ROWS = 120
_GROUP = 6
_ITEMS = 30
_CLOSE = {"rel_tol": 1e-6, "abs_tol": 1e-9}


def check_metric(metric: str | Callable[..., Any]) -> None:
    """Check a metric on small random rows.

    Args:
        metric: ``package.module:function``, or the function itself; see
            :data:`~mmctr.evaluation.own.Metric`.

    Raises:
        CheckError: With a sentence on each thing that is wrong.
        ValueError: If there is no such function.

    Example:
        >>> def click_rate_of_the_first(labels, scores, groups, weights):
        ...     best = scores >= np.quantile(scores, 0.9)
        ...     return np.average(labels[best], weights=weights[best])
    """
    made = METRIC.load(metric) if isinstance(metric, str) else metric
    raise_problems(_name(made), lambda: _metric_problems(made))


def check_baseline(baseline: str | Callable[..., Any]) -> None:
    """Check a baseline on small random rows.

    Args:
        baseline: ``package.module:function``, or the function itself; see
            :data:`~mmctr.evaluation.own.Baseline`.

    Raises:
        CheckError: With a sentence on each thing that is wrong.
        ValueError: If there is no such function.
    """
    made = BASELINE.load(baseline) if isinstance(baseline, str) else baseline
    raise_problems(_name(made), lambda: _baseline_problems(made))


def _name(made: Any) -> str:
    return getattr(made, "__name__", type(made).__name__)


def _metric_problems(metric: Callable[..., Any]) -> Iterator[str]:
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(_ROWS // _GROUP), _GROUP)
    scores = rng.permutation(_ROWS) / _ROWS
    labels = (rng.random(_ROWS) < scores).astype(np.int64)
    rows = (labels, scores, groups, np.ones(_ROWS))

    def measure(*arrays: NDArray[Any]) -> Any:
        return metric(*(each.copy() for each in arrays))

    given = [each.copy() for each in rows]
    value = metric(*given)
    if not isinstance(value, (int, float, np.number)) or not math.isfinite(value):
        yield f"it gives {value!r}, expected one finite number"
        return
    if not all(map(np.array_equal, given, rows)):
        yield "it changes the arrays that it is given; copy them"
    if measure(*rows) != value:
        yield "it gives another number when it is called again"

    def differs(*arrays: NDArray[Any]) -> bool:
        found = measure(*arrays)
        return found is None or not math.isclose(found, value, **_CLOSE)

    order = rng.permutation(_ROWS)
    if differs(*(each[order] for each in rows)):
        yield "it depends on the order of the rows"
    if differs(labels, scores, groups.max() - groups, rows[3]):
        yield "it depends on how groups are numbered"
    if not differs(labels, 1 - scores, groups, rows[3]):
        yield "scores in the opposite order give the same number"
    drawn = rng.integers(0, 3, _ROWS // _GROUP)[groups]
    twice = np.repeat(np.arange(_ROWS), drawn)
    expected = measure(*(each[twice] for each in rows))
    found = measure(labels, scores, groups, drawn.astype(float))
    if expected is None or found is None or not math.isclose(found, expected, **_CLOSE):
        yield (
            "weights do not count as they must: a row of weight 2 is the same as the "
            "row twice, and one of weight 0 as if it were not there; intervals are "
            "made of such weights"
        )
    for label in (0, 1):
        try:
            measure(np.full(_ROWS, label), scores, groups, rows[3])
        except Exception as error:
            yield (
                f"it fails where all labels are {label} ({type(error).__name__}: "
                f"{error}); return None where it is undefined"
            )


def _baseline_problems(baseline: Callable[..., Any]) -> Iterator[str]:
    rng = np.random.default_rng(4)
    train, rows = _drawn(rng, _ITEMS - 5), _drawn(rng, _ITEMS)
    labels = (rng.random(_ROWS) < 0.3).astype(np.int64)
    titles = rng.normal(size=(_ITEMS, 8)).astype(np.float32)
    titles /= np.linalg.norm(titles, axis=1, keepdims=True)

    def score(part: BaselineRows, vectors: NDArray[Any] = titles) -> Any:
        return np.asarray(
            baseline(_copy(train), labels.copy(), _copy(part), vectors.copy())
        )

    given = (_copy(train), labels.copy(), _copy(rows), titles.copy())
    scores = np.asarray(baseline(*given))
    if scores.shape != (_ROWS,) or not np.issubdtype(scores.dtype, np.number):
        yield (
            f"it gives {scores.dtype} {list(scores.shape)} for {_ROWS} rows, expected "
            "one number per row, [R]"
        )
        return
    if not np.isfinite(scores).all():
        yield "it gives scores that are NaN or infinite"
        return
    same = np.array_equal(given[1], labels) and np.array_equal(given[3], titles)
    if not same or not (_equal(given[0], train) and _equal(given[2], rows)):
        yield "it changes the arrays that it is given; copy them"
    if (scores == scores[0]).all():
        yield "all rows have the same score"
    if not np.allclose(score(rows), scores):
        yield "it gives other scores when it is called again; draw from a fixed seed"
    order = rng.permutation(_ROWS)[: _ROWS // 2]
    if not np.allclose(score(_taken(rows, order)), scores[order]):
        yield "the score of a row depends on the other rows that are scored"
    empty = score(rows, np.zeros((_ITEMS, 0), np.float32))
    if empty.shape != (_ROWS,) or not np.isfinite(empty).all():
        yield "without titles, vectors of width 0, it has no finite score per row"


def _drawn(rng: np.random.Generator, n_items: int) -> BaselineRows:
    lengths = rng.integers(0, 5, _ROWS)
    groups = np.repeat(np.arange(_ROWS // _GROUP), _GROUP)
    return BaselineRows(
        users=groups // 2,
        groups=groups,
        items=rng.integers(1, n_items + 1, _ROWS),
        history=rng.integers(1, n_items + 1, lengths.sum()),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
    )


def _taken(rows: BaselineRows, places: NDArray[np.int64]) -> BaselineRows:
    parts = [rows.history[rows.offsets[x] : rows.offsets[x + 1]] for x in places]
    return BaselineRows(
        users=rows.users[places],
        groups=rows.groups[places],
        items=rows.items[places],
        history=np.concatenate(parts),
        offsets=np.concatenate([[0], np.cumsum([len(part) for part in parts])]),
    )


def _arrays(rows: BaselineRows) -> list[NDArray[Any]]:
    return [getattr(rows, each.name) for each in dataclasses.fields(rows)]


def _copy(rows: BaselineRows) -> BaselineRows:
    return BaselineRows(*(each.copy() for each in _arrays(rows)))


def _equal(rows: BaselineRows, others: BaselineRows) -> bool:
    return all(map(np.array_equal, _arrays(rows), _arrays(others)))
