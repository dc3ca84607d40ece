"""Negatives: what was clicked at that time, by popularity, and not yet by the user."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from small_logs import DAY, as_positives

from mmctr.data.preparation.negatives import sample_negatives
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.taken_items import TakenItems

COLUMNS = ("user", "item", "timestamp")
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
    return TakenItems(users, items, np.ones(len(users), bool), 12)


def draw(part, taken, rows=None, *, seed=0, **changes):
    """Negatives of every event of a part, or of the given rows, drawn beside them."""
    options = {"per_positive": 3, "window_days": 10, "min_eligible": 4} | changes
    params = PreparationParams(
        negatives_per_positive=options["per_positive"],
        window_days=options["window_days"],
        min_eligible_items=options["min_eligible"],
        seed=0,
    )
    places = np.arange(len(part))
    copies = np.zeros(0, int) if rows is None else rows
    order = np.argsort(np.concatenate([places, copies]), kind="stable")
    chosen = np.concatenate([places, copies])[order]
    positives = as_positives(*(part[name].to_numpy() for name in COLUMNS))
    positives = replace(positives, events=chosen)
    rng = np.random.default_rng(seed)
    drawn = sample_negatives(positives, taken, params, rng).items
    return drawn if rows is None else drawn[order >= len(places)]


def items_around(part, mine, row, *, window_days, wanted):
    """Items first clicked in a row's window, and around it until enough are new."""
    timestamps, items = part["timestamp"].to_numpy(), part["item"].to_numpy()
    windows = (timestamps - timestamps[0]) // (window_days * DAY)
    first = part.groupby(["user", "item"])["timestamp"].transform("min").to_numpy()
    for radius in range(int(windows.max()) + 1):
        near = (np.abs(windows - windows[row]) <= radius) & (timestamps == first)
        around = set(items[near].tolist())
        if len(around - mine) >= wanted:
            return around
    return around


@given(
    EVENTS,
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 12)), max_size=15),
    st.sampled_from([1, 7, 10, 100]),
    st.integers(1, 6),
    st.integers(1, 5),
)
@settings(max_examples=100, deadline=None)
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
    for row, (user, own, now) in enumerate(part[list(COLUMNS)].to_numpy().tolist()):
        clicks = [(day * DAY, item) for day, other, item in events if other == user]
        mine = {item for other, item in earlier if other == user}
        mine |= {item for _, item in clicks}
        history = {item for time, item in clicks if time < now}
        known = {item for time, item in clicks if time <= now}
        around = items_around(
            part,
            mine,
            row,
            window_days=window_days,
            wanted=max(min_eligible, per_positive),
        )
        drawn = negatives[row].tolist()
        if len(around - mine) < per_positive:
            assert drawn == [0] * per_positive
        else:
            assert set(drawn) <= (around - known) | history - {own}
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
    users, items = part["user"].to_numpy(), part["item"].to_numpy()
    taken = TakenItems(users, items, np.ones(len(users), bool), 12)
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
            rng.integers(0, 60, 200).tolist(),
            rng.integers(1, 13, 200).tolist(),
            strict=True,
        )
    )
    part = as_part(events)
    first, again, other = (draw(part, take(events), seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_no_row_draws_nothing():
    part = as_part([(0, 0, 1)]).iloc[:0]
    assert draw(part, take([(0, 0, 1)])).shape == (0, 3)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.7])
def test_negatives_are_repeats_as_often_as_positives(share):
    """Whether a target lies in the history says nothing, however long that is."""
    rng = np.random.default_rng(5)
    n_events, n_users = 6_000, 300
    users = rng.integers(0, n_users, n_events)
    items = rng.integers(1, 400, n_events)
    days = np.sort(rng.integers(0, 90, n_events))
    past = {user: [] for user in range(n_users)}
    for row, user in enumerate(users):
        old = past[user]
        # Longer histories repeat more.
        if old and rng.random() < share * len(old) / 20:
            items[row] = rng.choice(old)
        elif share == 0:
            items[row] = rng.choice(list(set(range(1, 400)) - set(old)))
        old.append(items[row])
    positives = as_positives(users, items, days * DAY + np.arange(n_events))
    params = PreparationParams(min_eligible_items=1, seed=0)
    taken = TakenItems(users, items, np.ones(len(users), bool), 400)
    drawn = sample_negatives(positives, taken, params, rng).items
    assert (drawn > 0).all() and (drawn != items[:, None]).all()
    seen = [
        np.isin(rows, positives.clicks.items[start:end])
        for rows, start, end in zip(drawn, positives.start, positives.end, strict=True)
    ]
    lengths = positives.end - positives.start
    for short in (True, False):
        rows = (lengths < 8) == short
        assert np.mean(np.array(seen)[rows]) == pytest.approx(
            positives.repeats[rows].mean(), abs=0.02
        )


def test_as_of_is_the_first_event_that_could_be_drawn():
    events = [(0, 1, 1), (2, 1, 2), (5, 0, 3), (11, 1, 4), (14, 1, 5)]
    part = as_part(events)
    positives = as_positives(*(part[name].to_numpy() for name in COLUMNS))
    params = PreparationParams(
        window_days=10, min_eligible_items=1, negatives_per_positive=1, seed=0
    )
    found = sample_negatives(positives, take(events), params, np.random.default_rng(0))
    assert found.as_of[2] == 0  # its window holds days 0 to 9
    # User 1 has taken all but item 3: the second window reaches back to the first.
    assert (found.as_of[3:] == 0).all()
