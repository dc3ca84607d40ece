"""Parts and histories: no tie is cut, nothing later is seen."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from small_logs import DAY, make_params, random_source, with_log

from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.splits import (
    PARTS,
    TimeSplit,
    split_by_time,
)

TIMES = st.lists(st.integers(0, 40), min_size=3, max_size=120)
FRACTIONS = st.tuples(st.floats(0.05, 0.45), st.floats(0.05, 0.45))


def split_or_skip(times: list[int], fractions: tuple[float, float]) -> TimeSplit:
    """Split; logs with an empty part are no example."""
    params = make_params(valid_fraction=fractions[0], test_fraction=fractions[1])
    try:
        return split_by_time(np.array(times), params)
    except ValueError:
        assume(False)
        raise


@given(TIMES, FRACTIONS)
@settings(max_examples=200, deadline=None)
def test_parts_follow_in_time_and_cut_no_tie(times, fractions):
    split = split_or_skip(times, fractions)
    times = np.array(times)
    part = split.part_of(times)
    train, valid, test = (times[part == index] for index in range(3))
    assert train.max() < valid.min()
    assert valid.max() < test.min()
    assert split.valid_from == valid.min()
    assert split.test_from == test.min()


@given(
    st.lists(st.integers(0, 10**9), min_size=20, max_size=200, unique=True), FRACTIONS
)
@settings(max_examples=100, deadline=None)
def test_sizes_are_the_fractions_where_timestamps_differ(times, fractions):
    split = split_or_skip(times, fractions)
    sizes = np.bincount(split.part_of(np.array(times)), minlength=3)
    wanted = len(times) * np.array([1 - sum(fractions), *fractions])
    assert (np.abs(sizes - wanted) <= 1 + 1e-9).all()


@given(TIMES, FRACTIONS, st.randoms())
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_file_does_not_matter(times, fractions, random):
    split = split_or_skip(times, fractions)
    order = list(range(len(times)))
    random.shuffle(order)
    again = split_or_skip([times[place] for place in order], fractions)
    assert again == split


@pytest.mark.parametrize(
    ("times", "part", "told"),
    [
        (
            [5] * 20,
            "train",
            "1 distinct time: 1970-01-01 00:00:05 (20 events); three parts need",
        ),
        (
            [DAY] * 5 + [2 * DAY] * 15,
            "valid",
            "1970-01-02 (5 events), 1970-01-03 (15 events); three parts need",
        ),
    ],
)
def test_too_few_times_are_told(times, part, told):
    with pytest.raises(ValueError, match=f"{part} would have no event") as error:
        split_by_time(np.array(times), make_params())
    assert told in str(error.value)
    assert "preparation.test_fraction=0.1" in str(error.value)


def test_places_in_an_order_are_no_dates():
    with pytest.raises(ValueError, match=r"distinct times: 1 \(5 events\), 2 \(15 "):
        split_by_time(np.array([1] * 5 + [2] * 15), make_params(), clock=False)


@given(st.lists(st.integers(0, 9), min_size=3, max_size=40))
@settings(max_examples=100, deadline=None)
def test_an_empty_part_tells_fractions_that_do(times):
    assume(len(set(times)) > 2)
    try:
        split_by_time(np.array(times), make_params())
    except ValueError as error:
        said = re.findall(r"preparation\.(\w+)=([.\d]+)", str(error))[2:]
        fractions = {name: float(value) for name, value in said}
        split_by_time(np.array(times), make_params(**fractions))


def test_fractions_must_leave_something_to_train_on():
    with pytest.raises(ValidationError, match="must stay below 1"):
        make_params(valid_fraction=0.5, test_fraction=0.5)
    with pytest.raises(ValidationError, match="valid_fracton"):
        make_params(valid_fracton=0.5)


def test_the_parts_have_names():
    assert PARTS == ("train", "valid", "test")


def test_a_click_that_is_recorded_twice_is_one_event_and_told_apart_from_repeats():
    once = random_source(0).log.to_pandas().drop_duplicates()
    twice = pd.concat([once, once.nlargest(200, "timestamp")])
    expected, tables = (
        prepare_interactions(
            with_log(random_source(0), log), make_params(repeats="drop")
        )
        for log in (once, twice)
    )
    for part in (*PARTS, "events"):
        assert getattr(tables, part).equals(getattr(expected, part)), part
    log = tables.report["log"]
    assert len(tables.events) == len(once) - log["repeated_clicks"]
    assert log["repeated_events_dropped"] == 200
    why = log["dropped"]["events"]["why"]
    assert (why["equal events"], why["repeats"]) == (200, log["repeated_clicks"])
