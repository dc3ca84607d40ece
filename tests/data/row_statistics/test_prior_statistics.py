"""Statistics of kind priors: the same as plain loops, and blind to the own label."""

import math

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from statistic_worlds import DAY, N_ITEMS, assert_rows, worlds

from mmctr.data.preparation.tables import events_table
from mmctr.data.row_statistics.known_events import read_events
from mmctr.data.row_statistics.priors import Priors

CODES = np.zeros((N_ITEMS + 2, 3), np.int64)
# The last item has no codes; item 4 shares two with item 3, items 1 and 2 all.
CODES[1:-2] = [[1, 1, 1], [1, 1, 1], [2, 1, 1], [2, 1, 2], [2, 2, 1]]
WINDOW = 3


def events_of(world, labels) -> pa.Table:
    users, items, days = np.array(world.clicks, np.int64).T
    events = events_table(pa.array(users), items, days * DAY)
    return events.append_column("label", pa.array(labels, pa.int8()))


def expected_of(world, labels, item: int, row) -> dict[str, float]:
    """The numbers of one item as of a row's time."""
    events = list(zip(world.clicks, labels, strict=True))
    known = [(each, label) for each, label in events if each[2] < row.as_of]
    rate = (sum(label for _, label in known) + 1) / (len(known) + 2)
    found = {}
    for level in (1, 2):
        own = CODES[item, :level]
        alike = [
            (day, label)
            for (_, other, day), label in known
            if own.any() and (CODES[other, :level] == own).all()
        ]
        clicks = [day for day, label in alike if label]
        recent = [day for day in clicks if day >= row.as_of - WINDOW]
        lift = math.log((1 + len(clicks)) / (1 + len(alike) * rate))
        found |= {
            f"title_{level}_events": math.log1p(len(clicks)),
            f"title_{level}_events_{WINDOW}d": math.log1p(len(recent)),
            f"title_{level}_lift": lift,
        }
    return found


@given(world=worlds(), data=st.data())
@settings(deadline=None)
def test_priors_are_those_of_plain_loops(world, data):
    count = len(world.clicks)
    labels = data.draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    events = events_of(world, labels)
    clicks, rates = read_events(events, clock=True, valid_from=None)
    found = Priors(clicks, rates, {"title": CODES}, 2, WINDOW)
    expected = []
    for row in world.rows:
        own = expected_of(world, labels, row.item, row)
        past = [expected_of(world, labels, item, row) for item in row.history]
        means = {
            f"history_{name}": np.mean([each[name] for each in past])
            if past
            else math.nan
            for name in own
        }
        expected.append(own | means)
    assert_rows(found.statistics(world.history_rows), expected)


@given(world=worlds(), data=st.data())
@settings(deadline=None, max_examples=50)
def test_labels_at_and_after_a_rows_time_change_nothing(world, data):
    """Its own label among them."""
    count = len(world.clicks)
    labels = data.draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    row = world.rows[0]
    other = [
        1 - label if day >= row.as_of else label
        for (_, _, day), label in zip(world.clicks, labels, strict=True)
    ]
    first, second = (
        Priors(*read_events(events, clock=True, valid_from=None), {"t": CODES}, 3, 3)
        for events in (events_of(world, labels), events_of(world, other))
    )
    rows = world.history_rows
    found, again = first.statistics(rows), second.statistics(rows)
    for name, column in found.items():
        np.testing.assert_array_equal(column[0], again[name][0], err_msg=name)


@given(world=worlds(), data=st.data())
@settings(deadline=None, max_examples=50)
def test_without_a_clock_a_users_labels_change_none_of_its_rows(world, data):
    """Rows know the events of other users alone, whenever they were."""
    count = len(world.clicks)
    labels = data.draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    user = world.clicks[0][0]
    other = [
        1 - label if own[0] == user else label
        for own, label in zip(world.clicks, labels, strict=True)
    ]
    found = []
    for each in (labels, other):
        known = read_events(events_of(world, each), clock=False, valid_from=DAY**2)
        users = known.rates.shown.codes_of(
            pa.chunked_array([[row.user for row in world.rows]])
        )
        rows = world.history_rows
        rows = type(rows)(users, rows.items, rows.as_of, rows.history, rows.offsets)
        found.append(Priors(*known, {"t": CODES}, 3, 3).statistics(rows))
    is_own = np.array([row.user == user for row in world.rows])
    for name, column in found[0].items():
        assert "_3d" not in name
        np.testing.assert_array_equal(
            column[is_own], found[1][name][is_own], err_msg=name
        )
