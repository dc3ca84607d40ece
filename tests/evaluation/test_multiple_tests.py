"""p-values of many comparisons with one control."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmctr.evaluation import holm_adjust, percentile_interval, resampled_p_value

P_VALUES = st.lists(st.floats(0, 1) | st.none(), max_size=12)


def test_holm_on_numbers_worked_by_hand():
    """Sorted: .01, .015, .03, .04; times 4, 3, 2, 1; none under the one before."""
    adjusted = holm_adjust([0.04, 0.01, None, 0.03, 0.015])
    assert adjusted[2] is None
    known = [value for value in adjusted if value is not None]
    np.testing.assert_allclose(known, [0.06, 0.04, 0.06, 0.045])


def test_holm_never_exceeds_one_and_needs_no_test():
    assert holm_adjust([0.6, 0.9]) == [1.0, 1.0]
    assert holm_adjust([]) == []
    assert holm_adjust([None]) == [None]


@given(P_VALUES)
def test_holm_lies_between_the_value_and_bonferroni_and_keeps_the_order(p_values):
    adjusted = holm_adjust(p_values)
    made = [(p, a) for p, a in zip(p_values, adjusted, strict=True) if p is not None]
    assert [a is None for a in adjusted] == [p is None for p in p_values]
    for p, found in made:
        assert p <= found <= min(len(made) * p, 1) + 1e-12
    found = [a for _, a in sorted(made)]
    assert found == sorted(found)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_a_wrong_p_value_is_refused(wrong):
    with pytest.raises(ValueError, match="not a p-value"):
        holm_adjust([0.5, wrong])


def test_the_p_value_of_resamples_on_one_side_is_the_smallest_there_is():
    assert resampled_p_value(np.full(999, 0.01), 0.95) == 0.002
    assert resampled_p_value(np.full(999, -0.01), 0.95) == 0.002
    assert resampled_p_value(np.zeros(999), 0.95) == 1.0
    assert resampled_p_value(np.full(10, np.nan), 0.95) is None


@given(st.integers(0, 2**31), st.floats(-4, 4))
def test_it_falls_under_the_level_where_the_interval_leaves_zero_out(seed, shift):
    values = np.random.default_rng(seed).normal(shift, 1, 2000)
    low, high = percentile_interval(values, 0.95)
    p_value = resampled_p_value(values, 0.95)
    # At the border both depend on single resamples.
    if p_value < 0.045:
        assert not low <= 0 <= high
    if p_value > 0.055:
        assert low <= 0 <= high
