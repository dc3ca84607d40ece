"""Statistics of kind cooccurrence: the same as plain loops."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statistic_worlds import (
    DAY,
    Row,
    World,
    assert_pooled,
    event_log,
    history_rows,
    worlds,
)

from mmctr.data.row_statistics.cooccurrence import Cooccurrence

ALL = 10**6


def first_clicks(world: World, user: int) -> list[tuple[int, int]]:
    """Distinct items of a user with the day of the first click, oldest first."""
    # Ties stay in the log's order, as sorting is stable.
    mine = sorted((c for c in world.clicks if c[0] == user), key=lambda c: c[2])
    first: dict[int, int] = {}
    for _, item, day in mine:
        first.setdefault(item, day)
    return list(first.items())


def users_with_both(
    world: World, left: int, right: int, before: int, reach: int
) -> int:
    """Users whose later click of the two is before a day and within reach."""
    found = 0
    for user in {click[0] for click in world.clicks}:
        clicks = first_clicks(world, user)
        items = [item for item, _ in clicks]
        if left == right or left not in items or right not in items:
            continue
        places = items.index(left), items.index(right)
        is_near = abs(places[0] - places[1]) <= reach
        found += is_near and clicks[max(places)][1] < before
    return found


@given(world=worlds(), reach=st.integers(1, 4))
@settings(deadline=None)
def test_pairs_are_those_of_plain_loops(world, reach):
    pairs = Cooccurrence(world.log, reach, ALL)
    asked = list(itertools.product(range(9), range(9), range(15)))
    left, right, days = np.array(asked).T
    apart = left != right
    nobody = np.full(apart.sum(), -1)
    found = pairs.count(left[apart], right[apart], nobody, days[apart] * DAY)
    expected = [
        users_with_both(world, *(int(x) for x in row), reach)
        for row in np.array(asked)[apart]
    ]
    assert found.tolist() == expected


def statistics_by_loops(world: World, row: Row) -> tuple[list[float], list[int]]:
    """Cosine of the target with each history item, and users with both."""
    both = [
        users_with_both(world, row.item, item, row.as_of, ALL) for item in row.history
    ]
    target = len(world.before(row, item=row.item))
    clicks = [len(world.before(row, item=item)) for item in row.history]
    cosines = [
        n / math.sqrt(max(target * own, 1)) for n, own in zip(both, clicks, strict=True)
    ]
    return cosines, both


@given(world=worlds())
@settings(deadline=None)
def test_statistics_are_those_of_plain_loops(world):
    found = Cooccurrence(world.log, ALL, ALL).statistics(world.history_rows)
    by_row = [statistics_by_loops(world, row) for row in world.rows]
    assert_pooled(found, "cosine", [cosines for cosines, _ in by_row])
    assert_pooled(found, "users", [[math.log1p(n) for n in both] for _, both in by_row])
    shares = [np.mean(np.array(both) > 0) if both else np.nan for _, both in by_row]
    np.testing.assert_allclose(found["share"], shares, rtol=1e-6)
    assert len(found) == 11


def test_a_repeat_counts_once_at_its_first_time():
    log = event_log([(1, 1, 0), (1, 2, 1), (1, 1, 2), (1, 2, 3)])
    pairs = Cooccurrence(log, 9, ALL)
    both = [np.array([1, 1]), np.array([2, 2]), np.array([-1, -1])]
    assert pairs.count(*both, np.array([1, 2]) * DAY).tolist() == [0, 1]
    assert pairs.count(*both, np.array([3, 9]) * DAY).tolist() == [1, 1]


def test_the_target_itself_in_the_history_is_no_pair():
    log = event_log([(1, 1, 0), (1, 2, 1)])
    rows = history_rows([1], [[1]], as_of=[9 * DAY])
    found = Cooccurrence(log, 9, ALL).statistics(rows)
    assert found["share"].tolist() == [0]
    assert found["users_max"].tolist() == [0]


def test_users_of_one_item_each_make_no_pair():
    log = event_log([(1, 1, 0), (2, 2, 1)])
    rows = history_rows([1, 2], [[2], []], as_of=[9 * DAY, 9 * DAY])
    found = Cooccurrence(log, 9, ALL).statistics(rows)
    np.testing.assert_array_equal(found["users_max"], [0, np.nan])


@pytest.mark.parametrize(("most", "reach"), [(9, 3), (8, 2), (5, 1), (2, 0)])
def test_too_many_pairs_cut_the_reach_and_are_told_of(caplog, most, reach):
    """Users of 4 and of 3 items have 5 pairs at a distance of 1, 3 of 2 and 1 of 3."""
    clicks = [(1, item, item) for item in (1, 2, 3, 4)]
    log = event_log(clicks + [(2, item, item) for item in (1, 2, 3)])
    pairs = Cooccurrence(log, 3, most)
    nobody, late = np.full(3, -1), np.full(3, 9 * DAY)
    asked = np.ones(3, np.int64), np.array([2, 3, 4]), nobody, late
    expected = [2, 2, 1]
    assert pairs.count(*asked).tolist() == expected[:reach] + [0] * (3 - reach)
    warned = f"each click is paired with {reach} earlier items"
    assert (warned in caplog.text) == (reach < 3)
    assert ("9 pairs" in caplog.text) == (reach < 3)
