"""Negatives: what others took at that time, by popularity, never one's own."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from small_logs import DAY

from mmctr.data.preparation.negatives import TakenItems, sample_negatives

EVENTS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 4), st.integers(1, 12)),
    min_size=1,
    max_size=60,
)


def as_part(events):
    """Triples (day, user, item) as a part in time order."""
    days, users, items = np.array(sorted(events)).T
    return pd.DataFrame({"user": users, "item": items, "timestamp": days * DAY})


def take(events, others=()):
    """What users have taken: in the part and, as (user, item), before it."""
    pairs = [(user, item) for _, user, item in events] + list(others)
    users, items = np.array(pairs).T
    return TakenItems(users, items, 12)


def draw(part, taken, rows=None, **changes):
    options = {
        "per_positive": 3,
        "window_days": 10,
        "min_eligible": 4,
        "rng": np.random.default_rng(0),
    }
    rows = np.arange(len(part)) if rows is None else rows
    return sample_negatives(part, rows, taken, **options | changes)


def eligible_items(part, mine, row, *, window_days, wanted):
    """Items to draw from for a row: windows are added until there are enough."""
    timestamps = part["timestamp"].to_numpy()
    windows = (timestamps - timestamps[0]) // (window_days * DAY)
    for radius in range(int(windows.max()) + 1):
        near = np.abs(windows - windows[row]) <= radius
        eligible = set(part["item"].to_numpy()[near].tolist()) - mine
        if len(eligible) >= wanted:
            return eligible
    return eligible


@given(
    EVENTS,
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 12)), max_size=15),
    st.sampled_from([1, 7, 10, 100]),
    st.integers(1, 6),
    st.integers(1, 5),
)
@settings(max_examples=300, deadline=None)
def test_negatives_are_eligible_and_distinct(
    events, earlier, window_days, min_eligible, per_positive
):
    part = as_part(events)
    negatives = draw(
        part,
        take(events, earlier),
        window_days=window_days,
        min_eligible=min_eligible,
        per_positive=per_positive,
    )
    for row, user in enumerate(part["user"].to_numpy()):
        mine = {item for _, other, item in events if other == user}
        mine |= {item for other, item in earlier if other == user}
        eligible = eligible_items(
            part,
            mine,
            row,
            window_days=window_days,
            wanted=max(min_eligible, per_positive),
        )
        drawn = negatives[row].tolist()
        if len(eligible) < per_positive:
            assert drawn == [0] * per_positive
        else:
            assert set(drawn) <= eligible
            assert len(set(drawn)) == per_positive


def test_all_that_is_eligible_is_drawn_from():
    """The window's items, no fewer: rows of one window reach every one of them."""
    events = [(day, 1, item) for day in range(3) for item in (1, 2, 3, 4)]
    events += [(30, 1, 9), (0, 0, 12)]
    part = as_part(events)
    rows = np.full(500, np.flatnonzero(part["user"].to_numpy() == 0)[0])
    negatives = draw(part, take(events), rows, per_positive=1)
    assert set(negatives.ravel().tolist()) == {1, 2, 3, 4}


def test_a_window_is_widened_on_both_sides_until_enough_are_eligible():
    events = [(0, 1, 1), (15, 1, 2), (25, 0, 12), (35, 1, 3), (45, 1, 4), (75, 1, 5)]
    part = as_part(events)
    rows = np.full(400, 2)
    for min_eligible, reached in [(1, {2, 3}), (3, {1, 2, 3, 4}), (5, {1, 2, 3, 4, 5})]:
        negatives = draw(
            part, take(events), rows, per_positive=1, min_eligible=min_eligible
        )
        assert set(negatives.ravel().tolist()) == reached


def test_enough_are_eligible_for_all_negatives_of_a_row():
    """More negatives than ``min_eligible``: the window is widened for them too."""
    events = [(0, 0, 12), (0, 1, 1), (0, 1, 2), (50, 1, 3), (50, 1, 4)]
    part = as_part(events)
    negatives = draw(part, take(events), np.array([0]), per_positive=4, min_eligible=2)
    assert sorted(negatives[0].tolist()) == [1, 2, 3, 4]


def test_tiny_windows_over_a_long_log_end_soon():
    """Empty windows are jumped over: there are 10**9 of them here."""
    columns = {"user": [0, 1, 1, 1], "item": [9, 1, 2, 3]}
    part = pd.DataFrame({**columns, "timestamp": [0, 5, 10**9, 10**9]})
    taken = TakenItems(part["user"].to_numpy(), part["item"].to_numpy(), 12)
    negatives = draw(part, taken, np.array([0]), window_days=1e-9)
    assert sorted(negatives[0].tolist()) == [1, 2, 3]


@pytest.mark.parametrize("own", [[], [2]])
def test_items_are_drawn_by_their_popularity(own):
    """Frequencies follow the window's event counts over what is eligible."""
    counts = {1: 40, 2: 30, 3: 20, 4: 9, 5: 1}
    events = [(0, 1, item) for item, count in counts.items() for _ in range(count)]
    events += [(0, 0, 12)] + [(0, 0, item) for item in own]
    events += [(50, 1, 5)] * 500
    part = as_part(events)
    rows = np.full(20_000, np.flatnonzero(part["user"].to_numpy() == 0)[0])
    drawn = draw(part, take(events), rows, min_eligible=1, per_positive=1)
    items = [item for item in counts if item not in own]
    seen = np.bincount(drawn.ravel(), minlength=13)
    assert seen.sum() == seen[items].sum()
    expected = np.array([counts[item] for item in items], float)
    result = chisquare(seen[items], expected / expected.sum() * len(rows))
    assert result.pvalue > 0.001


def test_later_negatives_follow_popularity_among_the_rest():
    """Given the first item, the second is drawn by popularity of the others."""
    counts = {1: 50, 2: 30, 3: 20}
    events = [(0, 1, item) for item, count in counts.items() for _ in range(count)]
    events += [(0, 0, 12)]
    part = as_part(events)
    rows = np.full(20_000, np.flatnonzero(part["user"].to_numpy() == 0)[0])
    drawn = draw(part, take(events), rows, per_positive=2, min_eligible=1)
    second = drawn[drawn[:, 0] == 1, 1]
    seen = [(second == 2).sum(), (second == 3).sum()]
    assert chisquare(seen, np.array([0.6, 0.4]) * len(second)).pvalue > 0.001


def test_rare_eligible_items_are_found_among_many_taken():
    """One event in 5,000 is eligible: chance alone would not find it."""
    events = [(0, 0, 1)] * 5_000 + [(0, 1, 2)]
    negatives = draw(
        as_part(events), take(events), np.arange(20), per_positive=1, min_eligible=1
    )
    assert negatives.ravel().tolist() == [2] * 20


def test_a_seed_decides_the_draw():
    rng = np.random.default_rng(3)
    events = list(
        zip(
            rng.integers(0, 30, 200).tolist(),
            rng.integers(0, 5, 200).tolist(),
            rng.integers(1, 13, 200).tolist(),
            strict=True,
        )
    )
    part = as_part(events)
    nobody = TakenItems(np.array([9]), np.array([1]), 12)
    first, again, other = (
        draw(part, nobody, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_no_row_draws_nothing():
    part = as_part([(0, 0, 1)])
    assert draw(part, take([(0, 0, 1)]), np.zeros(0, int)).shape == (0, 3)
