"""The order of the file decides nothing, nor does the size of an id."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_logs import (
    DAY,
    events_in_time,
    logs,
    make_params,
    random_source,
    with_copies,
    with_log,
)

from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.tables import PrimaryTables
from mmctr.data.reading.source import LogSource

REPEATS = st.sampled_from(["keep", "first", "drop"])


def in_other_order(source: LogSource, seed: int) -> LogSource:
    log = source.log.to_pandas().sample(frac=1, random_state=seed, ignore_index=True)
    return with_log(source, log)


def assert_equal(found: PrimaryTables, expected: PrimaryTables) -> None:
    for name, table in expected._asdict().items():
        same = getattr(found, name)
        is_table = isinstance(table, pa.Table)
        assert same.equals(table) if is_table else same == table, name


@given(source=logs(), seed=st.integers(0, 99), repeats=REPEATS)
@settings(max_examples=60, deadline=None)
def test_any_order_of_the_file_gives_the_same_tables(source, seed, repeats):
    params = make_params(
        valid_fraction=0.3, test_fraction=0.3, negatives_per_positive=1, repeats=repeats
    )
    try:
        expected = prepare_interactions(source, params)
    except ValueError:
        assume(False)
    assert_equal(prepare_interactions(in_other_order(source, seed), params), expected)


@given(
    source=logs(),
    seed=st.integers(0, 99),
    repeats=REPEATS,
    fractions=st.lists(st.sampled_from([0.0, 0.25, 0.5]), min_size=60, max_size=60),
)
@settings(max_examples=60, deadline=None)
def test_copies_of_events_change_nothing(source, seed, repeats, fractions):
    """Also where clicks of a second are told apart by their fractions."""
    fraction = np.array(fractions)[: len(source.log)]
    frame = source.log.to_pandas().assign(timestamp_fraction=fraction)
    frame = frame.drop_duplicates(ignore_index=True)
    source = with_log(source, frame)
    params = make_params(
        valid_fraction=0.3, test_fraction=0.3, negatives_per_positive=1, repeats=repeats
    )
    copied = with_copies(source, seed)
    try:
        expected = prepare_interactions(source, params)
    except ValueError:
        with pytest.raises(ValueError, match="preparation"):
            prepare_interactions(copied, params)
        return
    found = prepare_interactions(copied, params)
    log = found.report["log"]
    assert log["events"] - log["repeated_events_dropped"] == len(frame)
    assert_equal(found._replace(report={}), expected._replace(report={}))


@pytest.mark.parametrize("text", [False, True])
def test_a_bigger_log_in_any_order(text):
    source = random_source(4, users=60, n_items=90, events=2_000)
    if text:
        log = source.log.to_pandas()
        users = "u" + log["user_id"].astype(str)
        source = with_log(source, log.assign(user_id=users))
    expected = prepare_interactions(source, make_params())
    for seed in range(3):
        found = prepare_interactions(in_other_order(source, seed), make_params())
        assert_equal(found, expected)


def test_ids_of_ties_are_in_no_order():
    """Neither growing nor falling, and not the same one for every user."""
    source = random_source(5, users=40, n_items=30, events=4_000, days=20)
    events = events_in_time(prepare_interactions(source, make_params()))
    pairs = list(zip(events, events[1:], strict=False))
    ties = [(a, b) for a, b in pairs if a.timestamp == b.timestamp]
    for name in ("user", "item"):
        known = [(getattr(a, name), getattr(b, name)) for a, b in ties]
        rising = np.mean([a < b for a, b in known if a != b])
        assert rising == pytest.approx(0.5, abs=0.05)
    # In either order, according to the user.
    places = {event: place for place, event in enumerate(events)}
    both = [
        places[event] < places[replace(event, item=29)]
        for event in events
        if event.item == 30 and replace(event, item=29) in places
    ]
    assert len(both) > 50
    assert 0.2 < np.mean(both) < 0.8


def with_repeats(repeats: PreparationParams) -> PrimaryTables:
    source = random_source(8, users=40, n_items=120, events=3_000)
    return prepare_interactions(source, make_params(repeats=repeats, max_history=1000))


def rows_of(tables: PrimaryTables) -> list[dict]:
    parts = (tables.train, tables.valid, tables.test)
    return [row for part in parts for row in part.to_pylist()]


@pytest.mark.parametrize("repeats", ["first", "drop"])
def test_no_target_is_a_repeat(repeats):
    tables = with_repeats(repeats)
    rows = rows_of(tables)
    assert not [row for row in rows if row["item_id"] in row["item_seq"]]
    clicked = [(row["user_id"], row["item_id"]) for row in rows if row["label"]]
    assert len(set(clicked)) == len(clicked)
    assert tables.report["log"]["repeats"] == repeats


def test_repeats_stay_in_histories_or_leave_the_log():
    kept, first, dropped = map(with_repeats, ("keep", "first", "drop"))
    assert first.events.equals(kept.events)
    events = events_in_time(kept)
    pairs = [(event.user, event.item) for event in events]
    n_repeats = len(pairs) - len(set(pairs))
    assert n_repeats > 1_000
    for tables in (kept, first, dropped):
        assert tables.report["log"]["repeated_clicks"] == n_repeats
    assert len(dropped.events) == len(events) - n_repeats
    assert any(
        len(set(row["item_seq"])) < len(row["item_seq"]) for row in rows_of(first)
    )
    for row in rows_of(dropped):
        assert len(set(row["item_seq"])) == len(row["item_seq"])
    parts = first.report["log"]["parts"].values()
    assert sum(part["dropped_repeats"] for part in parts) == n_repeats
    positives = [{row["group_id"] for row in rows_of(each)} for each in (kept, first)]
    assert positives[1] < positives[0]


def test_the_first_click_is_the_earliest_and_not_the_files_first():
    source = random_source(8, users=40, n_items=120, events=3_000)
    log = source.log.to_pandas()
    backwards = with_log(source, log.iloc[::-1].reset_index(drop=True))
    tables = prepare_interactions(backwards, make_params(repeats="drop"))
    earliest = log.groupby(["user_id", "item_id"])["timestamp"].min()
    ids = tables.item_id_mapping["original_id"].to_pylist()
    for event in events_in_time(tables):
        assert earliest[event.user, ids[event.item - 1]] == event.timestamp
    assert all(event.timestamp % DAY == 0 for event in events_in_time(tables))
