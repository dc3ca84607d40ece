"""Baselines of a log of impressions: its click rate, by nothing and by one field."""

import dataclasses
import math

import numpy as np
import pytest

from mmctr.evaluation import EvaluatedRows, EvaluationParams, TrainRows, evaluate
from mmctr.evaluation.baselines import field_only_scores, tells_of_clicks
from mmctr.evaluation.report import baseline_scores

PARAMS = EvaluationParams(resamples=50, prior_strength=10, seed=1)
NO_TITLES = np.zeros((5, 0), np.float32)
RATES = np.array([0.0, 0.3, 0.1, 0.05])
"""Click rate by position, which the rows have from 1."""


def drawn(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    position = rng.integers(1, 4, rows)
    return position, (rng.random(rows) < RATES[position]).astype(int)


@pytest.fixture(scope="module")
def train():
    position, labels = drawn(np.random.default_rng(1), 6000)
    return TrainRows(
        items=np.arange(6000) % 5 + 1,
        labels=labels,
        history=np.zeros(0, np.int64),
        fields={"position": position},
        are_impressions=True,
    )


@pytest.fixture(scope="module")
def split():
    position, labels = drawn(np.random.default_rng(2), 2000)
    scores = np.full(2000, 0.15)
    return EvaluatedRows(
        labels=labels,
        probabilities=scores,
        raw_probabilities=scores,
        users=np.arange(2000) // 4,
        groups=np.arange(2000) // 4,
        items=np.arange(2000) % 5 + 1,
        history=np.zeros(0, np.int64),
        offsets=np.zeros(2001, np.int64),
        fields={"position": position},
    )


def test_the_click_rate_by_position_is_a_baseline(split, train):
    found, _ = evaluate(split, train, NO_TITLES, PARAMS)
    baseline = found["baselines"]["position_only"]
    assert baseline["auc"] > 0.65
    assert baseline["gauc"] > 0.6
    # The model says one number: it ranks nothing.
    assert baseline["gauc_difference"][1] < 0
    assert baseline["logloss"] < found["logloss"]


def test_the_prior_has_a_logloss_alone(split, train):
    found, details = evaluate(split, train, NO_TITLES, PARAMS)
    prior, rate = found["baselines"]["prior"], train.labels.mean()
    expected = -np.where(split.labels, math.log(rate), math.log(1 - rate)).mean()
    assert prior["logloss"] == pytest.approx(expected)
    assert prior["logloss_difference"] is not None
    assert prior["auc"] is prior["gauc"] is prior["gauc_difference"] is None
    assert "prior" not in details["roc"]["baselines"]


def test_items_without_train_rows_have_trains_click_rate(split, train):
    unseen = dataclasses.replace(split, items=np.full(2000, 5))
    four = dataclasses.replace(train, items=np.minimum(train.items, 4))
    scores = baseline_scores(unseen, four, NO_TITLES, PARAMS)
    assert scores["item_only"] == pytest.approx(train.labels.mean())
    of_clicks = dataclasses.replace(four, are_impressions=False)
    scores = baseline_scores(unseen, of_clicks, NO_TITLES, PARAMS)
    assert scores["item_only"] == pytest.approx(0.25)
    assert "prior" not in scores


def test_click_rates_of_a_draw_are_corrected_to_all_rows(split, train):
    rng = np.random.default_rng(3)
    kept = (train.labels == 1) | (rng.random(6000) < 0.2)
    fewer = dataclasses.replace(
        train,
        items=train.items[kept],
        labels=train.labels[kept],
        fields={"position": train.fields["position"][kept]},
        negative_keep=0.2,
    )
    every = baseline_scores(split, train, NO_TITLES, PARAMS)
    drawn = baseline_scores(split, fewer, NO_TITLES, PARAMS)
    for name in ("prior", "position_only", "item_only"):
        assert drawn[name].mean() == pytest.approx(every[name].mean(), rel=0.1), name


def test_gauc_counts_the_groups_of_both_labels(split, train):
    found, _ = evaluate(split, train, NO_TITLES, PARAMS)
    clicks = split.labels.reshape(-1, 4).sum(axis=1)
    assert found["groups"] == 500
    assert found["groups_of_both_labels"] == ((clicks > 0) & (clicks < 4)).sum()


def test_a_value_that_train_lacks_has_the_prior():
    scores = field_only_scores(
        np.array([1, 1, 2]), [1, 0, 0], np.array([1, 2, 7]), 0.1, 2
    )
    assert scores.tolist() == pytest.approx([1.2 / 4, 0.2 / 3, 0.1])


@pytest.mark.parametrize(
    ("area", "tells"), [(None, False), (0.5, False), (0.515, False), (0.53, True)]
)
def test_what_is_near_chance_tells_nothing(area, tells):
    assert tells_of_clicks(area) is tells
    assert tells_of_clicks(area and 1 - area) is tells
