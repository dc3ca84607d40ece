"""Differences of several logs combined, against values worked out by hand."""

from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mmctr.experiments.evidence.meta_analysis import combine

Z = NormalDist().inv_cdf(0.975)


def test_fixed_effects_are_the_mean_by_precision():
    found = combine([0.01, 0.03], [0.01, 0.02], 0.95)
    # Precisions 10,000 and 2,500.
    mean, error = (0.01 * 10_000 + 0.03 * 2_500) / 12_500, 12_500**-0.5
    assert found["fixed"]["delta"] == pytest.approx(mean)
    assert found["fixed"]["low"] == pytest.approx(mean - Z * error)
    assert found["fixed"]["high"] == pytest.approx(mean + Z * error)


def test_logs_that_agree_have_no_variance_between_them():
    found = combine([0.01, 0.01, 0.01], [0.01, 0.02, 0.03], 0.95)
    assert (found["tau2"], found["i2"], found["p_same"]) == (0, 0, 1)
    assert found["random"] == pytest.approx(found["fixed"])


def test_two_logs_of_equal_precision_have_a_variance_known_in_closed_form():
    """With one error s, Q = (a - b)^2 / (2 s^2) and tau2 = (a - b)^2 / 2 - s^2."""
    found = combine([0.01, 0.05], [0.01, 0.01], 0.95)
    tau2 = 0.04**2 / 2 - 0.01**2
    assert found["tau2"] == pytest.approx(tau2, rel=1e-4)
    assert found["i2"] == pytest.approx(1 - 1 / 8)
    assert found["p_same"] == pytest.approx(stats.chi2.sf(8, 1))
    error = ((tau2 + 0.01**2) / 2) ** 0.5
    assert found["random"]["delta"] == pytest.approx(0.03)
    assert found["random"]["low"] == pytest.approx(0.03 - Z * error, rel=1e-3)
    reach = stats.t.ppf(0.975, 1)
    assert found["hartung_knapp"]["high"] == pytest.approx(
        0.03 + reach * error, rel=1e-3
    )


errors = st.floats(0.001, 0.05)
deltas = st.floats(-0.2, 0.2)


@given(st.lists(st.tuples(deltas, errors), min_size=2, max_size=5))
def test_what_is_less_certain_is_wider_and_inside_the_logs(logs):
    found = combine(*zip(*logs, strict=True), 0.95)
    wider = ("fixed", "random", "hartung_knapp")
    widths = [found[name]["high"] - found[name]["low"] for name in wider]
    assert widths[0] <= widths[1] * (1 + 1e-9)
    assert widths[1] < widths[2]
    values = [delta for delta, _ in logs]
    for name in ("fixed", "random"):
        assert min(values) - 1e-9 <= found[name]["delta"] <= max(values) + 1e-9
    assert found["tau2"] >= 0
    assert 0 <= found["i2"] < 1
