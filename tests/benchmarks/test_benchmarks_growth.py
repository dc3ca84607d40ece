"""Exponents are those of the data, and every size trains in a process of its own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import growth
from benchmarks.child import measure
from benchmarks.world import Shape

TINY = {"steps": 1, "history": 2, "items": 30}


@given(
    power=st.floats(-2, 3),
    factor=st.floats(1e-3, 1e3),
    sizes=st.lists(st.integers(1, 10**6), min_size=2, max_size=5, unique=True),
)
def test_the_exponent_of_a_power_law_is_its_power(power, factor, sizes):
    values = [factor * size**power for size in sizes]
    assert growth.exponent(sizes, values) == pytest.approx(power, abs=1e-6)


@pytest.mark.parametrize(
    ("sizes", "values"),
    [([3], [1.0]), ([3, 3], [1.0, 2.0]), ([1, 2], [1.0]), ([1, 2], [0.0, 1.0])],
)
def test_no_exponent_without_two_sizes_over_zero(sizes, values):
    with pytest.raises(ValueError, match="growth"):
        growth.exponent(sizes, values)


def test_only_one_thing_grows_along_an_axis():
    planned = growth.plan(growth.AXES, growth.SMALLEST)
    assert [x["steps"] for x in planned["rows"]] == [6, 12, 24]
    assert [x["history"] for x in planned["history"]] == [8, 32, 100]
    assert [x["items"] for x in planned["items"]] == [10_000, 90_000, 1_000_000]
    for axis, (changed, _) in growth.AXES.items():
        rest = [{k: v for k, v in x.items() if k != changed} for x in planned[axis]]
        assert all(x == rest[0] for x in rest)


def test_histories_are_as_long_as_they_should_be():
    log = growth.even_log(Shape(items=5), 7, 100, 1)
    assert len(log) == 7
    assert np.diff(log.offsets).tolist() == [100] * 7
    assert log.offsets[-1] == len(log.history)
    assert {int(log.history.min()), int(log.history.max())} <= set(range(1, 6))


@pytest.mark.system
def test_a_size_trains_in_a_process_of_its_own(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    round_ = measure("growth_round", {"sizes": [TINY, {**TINY, "steps": 2}]})
    assert len(round_["seconds"]) == len(round_["gb"]) == 2
    assert min(*round_["seconds"], *round_["gb"]) > 0


@pytest.mark.system
def test_a_size_that_fails_is_named():
    with pytest.raises(RuntimeError, match="'items': 0"):
        measure("growth_round", {"sizes": [{**TINY, "items": 0}]})


def test_medians_are_fitted_axis_by_axis():
    """Time goes with rows and with the root of items; memory with items alone."""
    slow = iter((1.0, 5.0, 1.0))

    def measure(what, arguments):
        assert what == "growth_round"
        by, sizes = next(slow), arguments["sizes"]
        assert len(sizes) == 7  # the smallest is measured once, for all axes
        time = [by * x["steps"] * x["items"] ** 0.5 for x in sizes]
        return {"seconds": time, "gb": [x["items"] / 1e6 for x in sizes]}

    results = growth.run(3, measure)
    measured = results.pop("measured")
    assert results == pytest.approx(
        {
            "rows 2,304 to 9,216, time": 1,
            "rows 2,304 to 9,216, memory": 0,
            "history 8 to 100, time": 0,
            "history 8 to 100, memory": 0,
            "items 10,000 to 1,000,000, time": 0.5,
            "items 10,000 to 1,000,000, memory": 1,
        },
        abs=1e-9,
    )
    assert measured["rows"]["2304"]["seconds"] == pytest.approx(600)
    assert list(measured["items"]) == ["10000", "90000", "1000000"]
