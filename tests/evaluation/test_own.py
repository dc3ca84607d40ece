"""Metrics and baselines of one's own: checked, and beside the project's."""

from typing import Any

import numpy as np
import pytest

from mmctr import check_baseline, check_metric
from mmctr.evaluation import EvaluatedRows, EvaluationParams, TrainRows, auc, evaluate
from mmctr.evaluation.own import BaselineRows
from mmctr.runtime.extensions import CheckError


def clicks_of_the_best(labels, scores, groups, weights):
    """Share of the clicks among the rows with a score over a half."""
    clicks = (labels * weights).sum()
    if not clicks:
        return None
    return (labels * weights)[scores > 0.5].sum() / clicks


def newest_is_the_same(train, labels, rows, titles):
    """One where the target is near the newest item of the history by number."""
    scores = np.zeros(len(rows.items))
    filled = np.flatnonzero(np.diff(rows.offsets))
    newest = rows.history[rows.offsets[filled + 1] - 1]
    scores[filled] = 1 / (1 + np.abs(newest - rows.items[filled]))
    return scores


def test_they_pass():
    check_metric(clicks_of_the_best)
    check_baseline("test_own:newest_is_the_same")


def unweighted(labels, scores, groups, weights):
    return float(labels[scores > 0.5].mean())


def ordered(labels, scores, groups, weights):
    return float((labels * weights)[: len(labels) // 2].sum() + scores[0])


def by_number(labels, scores, groups, weights):
    return float((labels * weights * groups * scores).sum())


def scoreless(labels, scores, groups, weights):
    return float((labels * weights).sum())


def undefined(labels, scores, groups, weights):
    return None


def spoiling(labels, scores, groups, weights):
    found = clicks_of_the_best(labels, scores, groups, weights)
    scores *= 0.5
    return found


def dividing(labels, scores, groups, weights):
    if labels.min() == labels.max():
        raise ZeroDivisionError("one class")
    return clicks_of_the_best(labels, scores, groups, weights)


def drawing(labels, scores, groups, weights):
    return clicks_of_the_best(labels, scores, groups, weights) + np.random.rand()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (unweighted, "a row of weight 2 is the same as the row twice"),
        (ordered, "order of the rows"),
        (by_number, "how groups are numbered"),
        (scoreless, "opposite order give the same"),
        (undefined, "it gives None"),
        (spoiling, "changes the arrays"),
        (dividing, "fails where all labels are 0 .ZeroDivisionError"),
        (drawing, "another number when it is called again"),
    ],
)
def test_what_is_wrong_with_a_metric_is_said(wrong, message):
    with pytest.raises(CheckError, match=message):
        check_metric(wrong)


def changed(change: Any) -> Any:
    """The right baseline, with something done to its scores."""

    def baseline(train, labels, rows, titles):
        return change(newest_is_the_same(train, labels, rows, titles))

    return baseline


def renaming(train, labels, rows, titles):
    scores = newest_is_the_same(train, labels, rows, titles)
    rows.items[:] = 1
    return scores


def needing_titles(train, labels, rows, titles):
    return titles[rows.items - 1] @ titles[0] / titles.shape[1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (changed(lambda scores: scores[1:]), r"\[119\] for 120 rows"),
        (changed(lambda scores: scores[:, None]), r"\[120, 1\] for 120 rows"),
        (changed(lambda scores: scores.astype(str)), "expected one number"),
        (changed(lambda scores: scores / 0), "NaN or infinite"),
        (changed(np.ones_like), "all rows have the same score"),
        (changed(lambda x: x - x.mean()), "depends on the other rows"),
        (changed(lambda x: x + np.random.rand(len(x))), "when it is called again"),
        (renaming, "changes the arrays"),
        (needing_titles, "without titles"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_what_is_wrong_with_a_baseline_is_said(wrong, message):
    with pytest.raises(CheckError, match=message):
        check_baseline(wrong)


@pytest.fixture
def world():
    """Rows of 40 users, and what is known of train."""
    rng = np.random.default_rng(0)
    count = 400
    labels = (rng.random(count) < 0.3).astype(int)
    probabilities = np.clip(labels * 0.3 + rng.random(count) * 0.7, 0, 1)
    groups = np.arange(count) // 5
    lengths = rng.integers(0, 4, count)
    split = EvaluatedRows(
        labels=labels,
        probabilities=probabilities,
        raw_probabilities=probabilities,
        users=groups // 2,
        groups=groups,
        items=rng.integers(1, 21, count),
        history=rng.integers(1, 21, lengths.sum()),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
    )
    whole = BaselineRows(
        split.users, split.groups, split.items, split.history, split.offsets
    )
    train = TrainRows(split.items, labels, split.history, whole=whole)
    return split, train, np.zeros((20, 0), np.float32)


def test_they_are_beside_the_others(world):
    params = EvaluationParams(
        resamples=50,
        seed=1,
        metrics=["test_own:clicks_of_the_best"],
        baselines=["test_own:newest_is_the_same"],
    )
    metrics, details = evaluate(*world, params)
    split = world[0]
    own = metrics["own"]["clicks_of_the_best"]
    ones = np.ones(len(split.labels))
    assert own["value"] == pytest.approx(
        clicks_of_the_best(split.labels, split.probabilities, split.groups, ones)
    )
    assert own["interval"][0] < own["value"] < own["interval"][1]
    baseline = metrics["baselines"]["newest_is_the_same"]
    scores = newest_is_the_same(None, None, split, None)
    assert baseline["auc"] == pytest.approx(auc(split.labels, scores))
    assert len(baseline["own"]["clicks_of_the_best"]["difference"]) == 2
    assert "newest_is_the_same" in details["roc"]["baselines"]
    plain, _ = evaluate(*world, params.model_copy(update={"metrics": []}))
    assert plain["auc_interval"] == metrics["auc_interval"]
    assert "own" not in plain


def breaking(*_):
    raise RuntimeError("out of order")


@pytest.mark.parametrize("kind", ["metrics", "baselines"])
def test_what_breaks_is_named(world, kind):
    params = EvaluationParams(resamples=2, seed=1, **{kind: ["test_own:breaking"]})
    with pytest.raises(ValueError, match=f"{kind}: breaking fails.*mmctr.check_"):
        evaluate(*world, params)
