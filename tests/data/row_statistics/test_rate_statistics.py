"""Statistics of kind rates, and what rows know of others: the same as plain loops."""

import math

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from statistic_worlds import DAY, Row, World, assert_rows, history_rows, worlds

from mmctr.data.preparation.tables import events_table
from mmctr.data.row_statistics.cooccurrence import Cooccurrence
from mmctr.data.row_statistics.event_log import FOLDS, EventLog
from mmctr.data.row_statistics.known_events import read_events
from mmctr.data.row_statistics.popularity import Popularity, popularity_statistics


def with_labels(
    events: pa.Table, labels: np.ndarray, earlier: np.ndarray | None = None
) -> pa.Table:
    return events.append_column("label", pa.array(labels, mask=earlier))


def events_of(world: World, labels: list[int], before: np.ndarray) -> pa.Table:
    users, items, days = np.array(world.clicks, np.int64).T
    events = events_table(pa.array(users), items, days * DAY)
    return with_labels(events, np.array(labels, np.int8), before)


def lift(clicked: int, shown: int, rate: float) -> float:
    return math.log((1 + clicked) / (1 + shown * rate))


def expected_rates(
    world: World, labels: list[int], before: np.ndarray, row: Row
) -> dict[str, float]:
    events = zip(world.clicks, labels, before, strict=True)
    known = [
        (user, item, day, label)
        for (user, item, day), label, earlier in events
        if day < row.as_of and not earlier
    ]
    rate = (sum(label for *_, label in known) + 1) / (len(known) + 2)

    def both(before: str, after: str, chosen: list[tuple]) -> dict[str, float]:
        clicked = sum(label for *_, label in chosen)
        return {
            f"{before}shown{after}": math.log1p(len(chosen)),
            f"{before}lift{after}": lift(clicked, len(chosen), rate),
        }

    mine = [event for event in known if event[0] == row.user]
    of_item = [event for event in known if event[1] == row.item]
    found = both("", "", of_item) | both("user_", "", mine)
    for days in (3, 5):
        window = [event for event in of_item if event[2] >= row.as_of - days]
        found |= both("", f"_{days}d", window)
    pairs = [event for event in mine if event[1] == row.item]
    return found | {"pair_shown": math.log1p(len(pairs))}


@given(world=worlds(), data=st.data())
@settings(deadline=None)
def test_rates_are_those_of_plain_loops_and_earlier_clicks_count_in_none(world, data):
    count = len(world.clicks)
    labels = data.draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    earlier = st.lists(st.booleans(), min_size=count, max_size=count)
    before = np.array(data.draw(earlier), bool)
    known = read_events(events_of(world, labels, before), clock=True, valid_from=None)
    found = known.rates.statistics(world.history_rows, [3, 5])
    expected = [expected_rates(world, labels, before, row) for row in world.rows]
    assert_rows(found, expected)


def test_only_clicks_are_clicks():
    world = World([(1, 1, 3), (1, 2, 4), (2, 1, 5)], [])
    before = np.array([False, False, True])
    known = read_events(events_of(world, [1, 0, 0], before), clock=True, valid_from=0)
    assert known.clicks.items.tolist() == [1, 1]
    assert known.rates.shown.items.tolist() == [1, 2]
    assert known.rates.clicked.items.tolist() == [1]


def test_a_log_of_clicks_has_no_rates():
    events = events_table(pa.array([1]), np.array([1]), np.array([5]))
    assert read_events(events, clock=True, valid_from=9).rates is None


VALID_FROM = 9


def ordered_world(seed: int) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """Forty users shown five items of twelve, at places 1 to 5 of their own order."""
    rng = np.random.default_rng(seed)
    users = np.repeat(np.arange(40), 10)
    items = rng.integers(1, 13, 400)
    times = np.tile(np.arange(1, 11), 40)
    labels = (rng.random(400) < 0.3).astype(np.int8)
    events = with_labels(events_table(pa.array(users), items, times), labels)
    return events, users, labels


def test_without_a_clock_rows_know_trains_events_of_other_users():
    events, users, labels = ordered_world(1)
    items, times = events["item_id"].to_numpy(), events["timestamp"].to_numpy()
    known = read_events(events, clock=False, valid_from=VALID_FROM)
    asked = np.arange(1, 13)
    rows = history_rows(
        asked.tolist(),
        [[1]] * 12,
        users=known.clicks.codes_of(pa.chunked_array([np.full(12, 23)])),
        as_of=[1] * 12,
    )
    found = popularity_statistics(rows, Popularity(known.clicks, [3, 5]))
    assert set(found) == {"events", "history_events", "events_over_history"}
    others = (users % FOLDS != 23 % FOLDS) & (times < VALID_FROM)
    clicks = np.bincount(items[others & (labels == 1)], minlength=13)[1:]
    np.testing.assert_allclose(found["events"], np.log1p(clicks), rtol=1e-6)

    shown = np.bincount(items[others], minlength=13)[1:]
    rates = known.rates.statistics(rows, [3, 5])
    assert set(rates) == {"shown", "lift"}
    rate = (clicks.sum() + 1) / (shown.sum() + 2)
    lifts = [lift(*each, rate) for each in zip(clicks, shown, strict=True)]
    np.testing.assert_allclose(rates["lift"], lifts, rtol=1e-5, atol=1e-6)


def undated(users: list[int], items: list[int], labels: list[int | None]) -> pa.Table:
    column = pa.array(labels, pa.int8())
    return events_table(pa.array(users), np.array(items), None, column)


def test_without_times_rates_are_of_other_users_rows_and_clicks_of_histories_alone():
    users = [1, 1, 2, 3, 1, 2, 3]
    items = [7, 8, 7, 8, 5, 5, 5]
    labels = [None, None, None, None, 1, 0, 1]
    known = read_events(undated(users, items, labels), clock=True, valid_from=None)
    assert known.clicks.items.tolist() == items[:4]
    user = known.clicks.codes_of(pa.chunked_array([[1, 2, 3, 9]]))
    rows = history_rows([5] * 4, [[7]] * 4, users=user)
    found = known.rates.statistics(rows, [1, 2])
    assert set(found) == {"shown", "lift"}
    # A user without events is in the first fold, as user 1 is.
    np.testing.assert_allclose(np.expm1(found["shown"]), [2, 2, 2, 2], rtol=1e-6)
    clicked = np.array([1, 2, 1, 1])
    expected = np.log((1 + clicked) / (1 + 2 * (clicked + 1) / 4))
    np.testing.assert_allclose(found["lift"], expected, rtol=1e-6)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 4), st.booleans())), st.data()
)
@settings(deadline=None, max_examples=30)
def test_without_times_a_rows_own_label_changes_nothing_of_it(rows, data):
    rows = [*rows, (3, 1, True)]
    place = data.draw(st.integers(0, len(rows) - 1))
    users, items, labels = map(list, zip(*rows, strict=True))
    flipped = [label != (number == place) for number, label in enumerate(labels)]

    def rates(labels: list[bool]) -> dict[str, np.ndarray]:
        clicks = [(user, 1, None) for user in range(31)]
        own = zip(users, items, map(int, labels), strict=True)
        known = read_events(
            undated(*map(list, zip(*clicks, *own, strict=True))),
            clock=True,
            valid_from=None,
        )
        user = known.clicks.codes_of(pa.chunked_array([[users[place]]]))
        asked = history_rows([items[place]], [[1]], users=user)
        return known.rates.statistics(asked, [1, 2])

    for name, found in rates(labels).items():
        np.testing.assert_array_equal(found, rates(flipped)[name])


def test_without_a_clock_pairs_are_those_of_other_users():
    clicks = [(user, item, item) for user in range(30) for item in (1, 2)]
    users, items, times = np.array(clicks).T
    events = events_table(pa.array(users), items, times)
    log = EventLog.from_arrow(events, of_others=True)
    codes = log.codes_of(pa.chunked_array([[4, 99]]))
    asked = (np.array([1, 1]), np.array([2, 2]), codes, np.array([0, 0]))
    assert Cooccurrence(log, 9, 10**6).count(*asked).tolist() == [27, 27]


@given(st.permutations(range(400)), st.sampled_from(["clicked", "not"]))
@settings(deadline=None, max_examples=10)
def test_what_a_row_knows_without_a_clock_is_not_its_own_label(order, label):
    """Nor the order of the events in their file."""
    events, _, labels = ordered_world(2)
    changed = labels.copy()
    changed[37] = label == "clicked"  # an event of user 3
    events = events.set_column(3, "label", [changed]).take(pa.array(order))
    known = read_events(events, clock=False, valid_from=VALID_FROM)
    rows = history_rows(
        list(range(1, 13)),
        [[]] * 12,
        users=known.clicks.codes_of(pa.chunked_array([np.full(12, 3)])),
    )
    first = read_events(ordered_world(2)[0], clock=False, valid_from=VALID_FROM)
    codes = first.clicks.codes_of(pa.chunked_array([np.full(12, 3)]))
    again = history_rows(list(range(1, 13)), [[]] * 12, users=codes)
    for name, found in known.rates.statistics(rows, [1, 2]).items():
        expected = first.rates.statistics(again, [1, 2])[name]
        np.testing.assert_array_equal(found, expected)
