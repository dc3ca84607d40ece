"""Calibration: what is fitted, what is left alone, and what becomes of the order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmctr.evaluation import auc, logloss
from mmctr.evaluation.calibration import (
    LEAST_ROWS,
    Calibration,
    calibration_curve,
    calibration_line,
    fit_calibration,
)
from mmctr.evaluation.metrics import expected_calibration_error

ROWS = 100_000


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def logit(probabilities):
    return np.log(probabilities / (1 - probabilities))


def planted(slope: float, shift: float, rows: int = ROWS, seed: int = 0):
    """Labels and probabilities whose click rates are a line of the logit."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-1.4, 1.5, rows)
    labels = (rng.random(rows) < sigmoid(slope * logits + shift)).astype(int)
    return labels, sigmoid(logits)


@pytest.mark.parametrize(
    ("method", "slope", "shift"),
    [
        ("temperature", 0.6, 0.0),
        ("platt", 0.6, -0.5),
        ("platt", 1.4, 0.3),
        ("beta", 0.6, -0.5),
    ],
)
def test_a_planted_line_is_found(method, slope, shift):
    labels, given = planted(slope, shift)
    fitted = fit_calibration(labels, given, method)
    low, high = logit(fitted.apply([0.5, sigmoid(1.0)]))
    assert high - low == pytest.approx(slope, abs=0.03)
    assert low == pytest.approx(shift, abs=0.03)
    assert not fitted.unfitted


@pytest.mark.parametrize("method", ["platt", "beta", "isotonic"])
def test_new_rows_are_calibrated(method):
    fitted = fit_calibration(*planted(0.6, -0.5), method)
    labels, given = planted(0.6, -0.5, seed=1)
    found = fitted.apply(given)
    assert expected_calibration_error(labels, given) > 0.05
    assert expected_calibration_error(labels, found) < 0.01
    assert logloss(labels, found) < logloss(labels, given) - 0.01
    slope, intercept = calibration_line(labels, found)
    assert slope == pytest.approx(1, abs=0.03)
    assert intercept == pytest.approx(0, abs=0.05)


def test_a_slope_alone_cannot_move_the_mean_back():
    """Over-confidence is about the click rate, not about 0.5."""
    rng = np.random.default_rng(0)
    logits = rng.normal(-1.4, 1.3, ROWS)
    labels = (rng.random(ROWS) < sigmoid(logits)).astype(int)
    confident = sigmoid(-1.4 + 1.5 * (logits + 1.4))
    errors = {
        method: expected_calibration_error(
            labels, fit_calibration(labels, confident, method).apply(confident)
        )
        for method in ("temperature", "platt")
    }
    assert errors["platt"] < 0.01
    assert errors["temperature"] > 0.05


def test_low_probabilities_may_be_the_more_confident_ones():
    rng = np.random.default_rng(0)
    given = sigmoid(rng.normal(-1.4, 1.5, ROWS))
    rates = sigmoid(0.4 * np.log(given) - 1.1 * np.log1p(-given) - 0.2)
    labels = (rng.random(ROWS) < rates).astype(int)
    fitted = fit_calibration(labels, given, "beta")
    assert fitted.weights == pytest.approx([0.4, 1.1, -0.2], abs=0.05)
    line = fit_calibration(labels, given, "platt").apply(given)
    assert expected_calibration_error(labels, line) > 0.015
    assert expected_calibration_error(labels, fitted.apply(given)) < 0.005


@pytest.mark.parametrize("bent", [(-0.3, 2.0), (0.5, 30.0)])
def test_a_bend_that_falls_or_makes_rows_certain_is_a_line(bent):
    rng = np.random.default_rng(0)
    given = sigmoid(rng.normal(-3, 0.5, ROWS))
    logits = bent[0] * np.log(given) - bent[1] * np.log1p(-given) - 2
    labels = (rng.random(ROWS) < sigmoid(logits)).astype(int)
    fitted = fit_calibration(labels, given, "beta")
    line = fit_calibration(labels, given, "platt")
    assert fitted.weights.tolist() == line.weights.tolist()
    assert fitted.apply([0.5]) < 0.999


@pytest.mark.parametrize("method", ["temperature", "platt", "beta"])
def test_the_order_stays(method):
    labels, given = planted(0.6, -0.5, 5000)
    given = np.append(given.astype(np.float32), [0, 1e-30, 1]).astype(np.float64)
    labels = np.append(labels, [0, 0, 1])
    found = fit_calibration(labels, given, method).apply(given)
    assert auc(labels, found) == auc(labels, given)
    order = np.argsort(given, kind="stable")
    assert (np.diff(found[order]) > 0).tolist() == (np.diff(given[order]) > 0).tolist()
    assert np.isfinite(found).all()


@settings(deadline=None, max_examples=50)
@given(
    seed=st.integers(0, 1000),
    scores=st.lists(st.floats(0, 1), min_size=2, max_size=50),
)
def test_steps_never_fall_and_never_are_certain(seed, scores):
    fitted = fit_calibration(*planted(0.6, -0.5, 4000, seed), "isotonic")
    assert not fitted.unfitted
    found = fitted.apply(np.sort(scores))
    assert (np.diff(found) >= 0).all()
    assert ((found > 0) & (found < 1)).all()


@pytest.mark.parametrize("method", list(LEAST_ROWS))
def test_rows_that_determine_nothing_change_nothing(method):
    given = np.linspace(0.01, 0.99, 2000)
    rising = given + np.random.default_rng(0).normal(0, 0.2, 2000) > 0.5
    few = np.arange(2000) >= 2000 - LEAST_ROWS[method] + 1
    for labels, why in (
        (few, "rows have the rarer label"),
        (np.ones(2000), "0 rows have the rarer label"),
        (given > 0.6, "no rows of both labels"),
        (given < 0.6, "no rows of both labels"),
    ):
        fitted = fit_calibration(labels, given, method)
        assert why in fitted.unfitted
        assert fitted.apply(given).tolist() == given.tolist()
    assert not fit_calibration(rising, given, method).unfitted


@pytest.mark.parametrize("method", ["temperature", "platt", "beta"])
def test_a_model_that_orders_backwards_is_not_turned_round(method):
    labels, given = planted(0.9, 0.0, 5000)
    fitted = fit_calibration(1 - labels, given, method)
    wrong = fit_calibration(labels, 1 - given, method)
    assert "slope would be -" in wrong.unfitted
    assert wrong.apply(given).tolist() == given.tolist()
    assert "slope would be -" in fitted.unfitted


def test_equal_probabilities_determine_nothing():
    labels, constant = np.tile([0, 1], 1000), np.full(2000, 0.5)
    assert fit_calibration(labels, constant, "platt").unfitted
    assert calibration_line(labels, constant) == (None, None)


@pytest.mark.parametrize("method", list(LEAST_ROWS))
def test_it_is_the_same_from_its_arrays(method):
    labels, given = planted(0.6, -0.5, 5000)
    fitted = fit_calibration(labels, given, method)
    again = Calibration.from_arrays(fitted.as_arrays())
    assert again.apply(given).tolist() == fitted.apply(given).tolist()
    assert all(x.dtype == np.float64 for x in fitted.as_arrays().values())


def test_a_line_tells_over_confidence():
    labels, given = planted(0.6, -0.5)
    slope, intercept = calibration_line(labels, given)
    assert slope == pytest.approx(0.6, abs=0.03)
    assert intercept == pytest.approx(-0.5, abs=0.03)
    assert calibration_line(np.zeros(10), np.linspace(0.1, 0.9, 10)) == (None, None)


def test_a_curve_has_the_bins_of_the_calibration_error():
    labels, given = planted(0.6, -0.5, 5000)
    curve = calibration_curve(labels, given, 15)
    assert len(curve) == 15
    gaps = [abs(each["click_rate"] - each["mean_probability"]) for each in curve]
    error = expected_calibration_error(labels, given, 15)
    assert np.mean(gaps) == pytest.approx(error, abs=1e-3)


def test_what_is_no_probability_is_refused():
    with pytest.raises(ValueError, match="probabilities, row 1"):
        Calibration().apply([0.5, 1.5])
    with pytest.raises(ValueError, match="labels, row 0"):
        fit_calibration([2, 0], [0.1, 0.2], "platt")
