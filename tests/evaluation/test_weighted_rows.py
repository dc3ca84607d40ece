"""Rows that count more or less: a row of weight n counts as n rows."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmctr.evaluation import (
    EvaluatedRows,
    EvaluationParams,
    TrainRows,
    auc,
    clean_cold_auc,
    evaluate,
    gauc,
    logloss,
)
from mmctr.evaluation.calibration import calibration_line
from mmctr.evaluation.metrics import normalized_entropy
from mmctr.evaluation.resampling import UserRows, resample
from mmctr.evaluation.weighted import WeightedRoc

ROW = st.tuples(
    st.integers(0, 1), st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9]), st.integers(1, 4)
)
ROWS = st.lists(ROW, min_size=2, max_size=40)


def repeated(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.repeat(values, weights.astype(int))


@given(ROWS)
@settings(deadline=None)
def test_a_row_of_weight_n_counts_as_n_rows_in_every_metric(rows):
    labels, scores, times = (np.array(column) for column in zip(*rows, strict=True))
    weights = times.astype(np.float64)
    groups = np.arange(len(labels)) // 5
    many = [repeated(column, times) for column in (labels, scores, groups)]
    cold = np.arange(len(labels)) % 3 > 0
    share, pairs = clean_cold_auc(labels, scores, groups, cold, weights)
    assert pairs == clean_cold_auc(labels, scores, groups, cold)[1]
    for weighted, plain in (
        (auc(labels, scores, weights), auc(*many[:2])),
        (logloss(labels, scores, weights), logloss(*many[:2])),
        (
            normalized_entropy(labels, scores, weights),
            normalized_entropy(*many[:2]),
        ),
        (gauc(labels, scores, groups, weights), gauc(*many)),
        (share, clean_cold_auc(*many, repeated(cold, times))[0]),
    ):
        assert weighted == pytest.approx(plain)


@given(ROWS, st.integers(0, 9))
@settings(deadline=None)
def test_resampled_measures_are_those_of_repeated_rows(rows, seed):
    labels, scores, times = (np.array(column) for column in zip(*rows, strict=True))
    users = np.arange(len(labels)) // 3
    counts = np.random.default_rng(seed).integers(0, 3, users[-1] + 1).astype(float)
    one = UserRows.of(labels, users, users, times)
    many = [repeated(column, times) for column in (labels, scores, users)]
    other = UserRows.of(many[0], many[2], many[2])
    whole = np.ones(len(labels), bool)
    for weighted, plain in (
        (one.auc(scores), other.auc(many[1])),
        (one.gauc(scores), other.gauc(many[1])),
        (one.mean(scores), other.mean(many[1])),
        (
            one.pair_share(scores, whole),
            other.pair_share(many[1], np.ones(len(many[0]), bool)),
        ),
    ):
        np.testing.assert_allclose(weighted(counts), plain(counts), equal_nan=True)


def test_weights_move_the_roc_curve_and_the_calibration_line():
    rng = np.random.default_rng(4)
    scores = rng.uniform(0.1, 0.9, 300)
    labels = (rng.random(300) < scores).astype(int)
    times = rng.integers(1, 4, 300)
    users, grid = np.arange(300) // 2, np.linspace(0, 1, 11)
    many = [repeated(column, times) for column in (labels, scores, users)]
    once = np.ones(150)
    weighted = WeightedRoc.prepare(labels, scores, users, grid, times.astype(float))
    plain = WeightedRoc.prepare(many[0], many[1], many[2], grid)
    np.testing.assert_allclose(weighted(once), plain(once))
    line = calibration_line(labels, scores, times.astype(float))
    assert line == pytest.approx(calibration_line(*many[:2]), abs=1e-4)


@pytest.fixture(scope="module")
def judged():
    """Rows whose early half is predicted well, and weights that favour it."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 2, 400)
    scores = np.clip(0.5 + (labels - 0.5) * np.repeat([0.6, 0.0], 200), 0.01, 0.99)
    rows = EvaluatedRows(
        labels=labels,
        probabilities=scores,
        raw_probabilities=scores,
        users=np.arange(400) // 4,
        groups=np.arange(400) // 4,
        items=np.ones(400, np.int64),
        history=np.zeros(0, np.int64),
        offsets=np.zeros(401, np.int64),
        weights=np.repeat([1.9, 0.1], 200),
    )
    train = TrainRows(np.ones(4, int), np.array([0, 1, 0, 1]), np.zeros(0, np.int64))
    return rows, train, np.zeros((1, 0), np.float32)


def test_metrics_are_weighted_on_request_alone(judged):
    plain, _ = evaluate(*judged, EvaluationParams(resamples=20, seed=1))
    weighted, details = evaluate(
        *judged, EvaluationParams(resamples=20, seed=1, weighted=True)
    )
    assert (plain["weighted"], weighted["weighted"]) == (False, True)
    assert weighted["auc"] > plain["auc"] + 0.1
    assert weighted["logloss"] < plain["logloss"] - 0.1
    assert details["logloss"]["value"] == pytest.approx(weighted["logloss"])
    low, high = weighted["auc_interval"]
    assert low < weighted["auc"] < high


def test_weights_of_one_change_nothing(judged):
    rows, *rest = judged
    ones = dataclasses.replace(rows, weights=np.ones(400))
    params = EvaluationParams(resamples=20, seed=1)
    plain = evaluate(ones, *rest, params)
    weighted = evaluate(ones, *rest, params.model_copy(update={"weighted": True}))
    for found, expected in zip(weighted, plain, strict=True):
        assert {**found, "weighted": False} == {**expected, "weighted": False}


def test_weighted_metrics_need_weights(judged):
    rows, *rest = judged
    params = EvaluationParams(resamples=20, seed=1, weighted=True)
    for weights, said in (
        (None, "preparation.weight_column"),
        (np.zeros(400), "weights, row 0: 0.0 is not above 0"),
    ):
        with pytest.raises(ValueError, match=said):
            evaluate(dataclasses.replace(rows, weights=weights), *rest, params)


def test_resampling_needs_no_weights():
    rows = UserRows.of([0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 1, 1])
    scores = np.array([0.1, 0.9, 0.4, 0.6])
    params = EvaluationParams(resamples=5, seed=1)
    assert resample({"auc": rows.auc(scores)}, 2, params)["auc"].shape == (5,)
