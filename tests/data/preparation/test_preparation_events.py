"""What statistics of rows may count: the clicks, and as of when each row knows them."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_logs import (
    DAY,
    Event,
    distinct_events,
    events_in_time,
    groups,
    histories,
    logs,
    make_params,
    random_source,
    with_log,
)

from mmctr.data.datasets import ChallengeSource
from mmctr.data.preparation.challenge import prepare_challenge
from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.tables import PrimaryTables
from mmctr.data.reading.source import LogSource

PARTS = ("train", "valid", "test")


def tiny_params(**changes: float) -> PreparationParams:
    """Few negatives and short parts, for a few dozen events."""
    return make_params(
        valid_fraction=0.3,
        test_fraction=0.3,
        negatives_per_positive=1,
        min_eligible_items=2,
        **changes,
    )


def prepared(source: LogSource, params: PreparationParams) -> PrimaryTables:
    """The tables; logs that are refused are not looked at."""
    try:
        return prepare_interactions(source, params)
    except ValueError:
        assume(False)
        raise


@given(source=logs())
@settings(max_examples=40, deadline=None)
def test_events_of_a_log_are_its_distinct_clicks_in_time_order(source):
    tables = prepared(source, tiny_params())
    found = tables.events.to_pylist()
    events = events_in_time(tables)
    assert len(events) == len(set(events))
    assert set(events) == distinct_events(source)
    assert events == sorted(events, key=lambda event: event.timestamp)
    # A row's group is its event's place.
    for name in PARTS:
        for row in getattr(tables, name).filter(pc.field("label") == 1).to_pylist():
            event = found[row["group_id"]]
            for column in ("user_id", "item_id", "timestamp"):
                assert row[column] == event[column]


def drawable(
    params: PreparationParams, tables: PrimaryTables
) -> dict[str, list[Event]]:
    """By part, the events that negatives are drawn from.

    They are no repeats and have some history. Where no user of the part lacks an item
    of those, repeats are drawn from too.
    """
    events = events_in_time(tables)
    log = tables.report["log"]
    cuts = [log["valid_from"], log["test_from"]]
    parts = [sum(event.timestamp >= cut for cut in cuts) for event in events]
    earlier = histories(events, params.max_history)
    known = list(zip(events, parts, earlier, strict=True))
    found: dict[str, list[Event]] = {}
    for place, name in enumerate(PARTS):
        mine = [
            (e, h) for e, p, h in known if p == place and len(h) >= params.min_history
        ]
        new = [event for event, history in mine if event.item not in history]
        taken = {(e.user, e.item) for e, p, _ in known if p <= place}
        lacks = any((e.user, x.item) not in taken for e, _ in mine for x in new)
        found[name] = new if lacks else [event for event, _ in mine]
    return found


@given(source=logs(), window_days=st.sampled_from([2, 5]), seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_a_row_knows_nothing_of_its_own_event_nor_of_those_it_is_drawn_from(
    source, window_days, seed
):
    params = tiny_params(window_days=window_days, seed=seed)
    tables = prepared(source, params)
    pools = drawable(params, tables)
    for name in PARTS:
        first = min(event.timestamp for event in pools[name])
        for rows in groups(getattr(tables, name)).values():
            positive, negative = rows
            # The same for both: it can not tell them apart.
            as_of, when = positive["as_of"], positive["timestamp"]
            assert (negative["as_of"], negative["timestamp"]) == (as_of, when)
            assert as_of <= when
            # As late as can be: something of the part happens then.
            assert as_of >= min(first, when)
            if negative["item_id"] in negative["item_seq"]:
                continue
            sources = [x for x in pools[name] if x.item == negative["item_id"]]
            assert any(event.timestamp >= as_of for event in sources)
            near = [
                event
                for event in pools[name]
                if abs(event.timestamp - when) < DAY * 0.5
            ]
            assert all(event.timestamp >= as_of for event in near)


def test_windows_of_a_long_log_move_on():
    """Rows of later windows know of the events of earlier ones."""
    source = random_source(1, users=60, n_items=200, events=1500, days=100)
    tables = prepare_interactions(source, make_params(window_days=10))
    as_of = tables.train["as_of"].to_numpy()
    late = tables.train["timestamp"].to_numpy() - as_of
    assert len(np.unique(as_of)) >= 7
    assert late.min() >= 0
    assert late.max() < 10 * DAY


def test_padded_events_are_not_counted():
    source = random_source(1)
    log = source.log.to_pandas()
    strange = with_log(
        source, log.assign(item_id=log["item_id"].mask(log.index < 50, 999))
    )
    tables = prepare_interactions(strange, make_params(unknown_items="pad"))
    rest = with_log(source, log.iloc[50:].reset_index(drop=True))
    assert tables.events.equals(prepare_interactions(rest, make_params()).events)


LISTS = pa.large_list(pa.int64())


def challenge(train: list[tuple[int, list[int], int]]) -> ChallengeSource:
    """A challenge of items 9, 8 and 7 with these rows (user, history, target)."""
    levels = {name: [0, 1, 2] for name in ("likes_level", "views_level")}

    def part(rows: list[tuple[int, list[int], int]], labelled: bool) -> pa.Table:
        users, seqs, targets = zip(*rows, strict=True)
        zeros = [0] * len(rows)
        columns = {
            "user_id": list(users),
            "item_id": list(targets),
            "item_seq": pa.array(seqs, LISTS),
            "likes_level": zeros,
            "views_level": zeros,
        }
        return pa.table(columns | ({"label": zeros} if labelled else {}))

    items = pa.table(
        {
            "item_id": [9, 8, 7],
            "title": ["a", "b", "c"],
            "tags": pa.array([[]] * 3, LISTS),
            **levels,
        }
    )
    other = [(5, [9, 9, 9], 9)]
    images = np.zeros((3, 0), np.float32)
    return ChallengeSource(
        items, images, part(train, True), part(other, True), part(other, False), None
    )


def test_events_of_a_challenge_are_the_earliest_history_of_each_user():
    """A longer one may hold the target of an earlier row; valid's and test's do not
    count. Behind them are train's rows with their labels."""
    source = challenge(
        [(2, [9, 8, 7], 9), (1, [8], 9), (2, [9, 8], 7), (1, [8, 9], 7), (3, [], 8)]
    )
    tables = prepare_challenge(source, make_params())
    assert tables.events.to_pydict() == {
        "user_id": [1, 2, 2] + [2, 1, 2, 1, 3],
        "item_id": [2, 1, 2] + [1, 1, 3, 3, 2],
        "timestamp": [None] * 8,
        "label": [None] * 3 + [0] * 5,
    }
    assert tables.train["as_of"].null_count == tables.train.num_rows
    assert tables.train["timestamp"].null_count == tables.train.num_rows


def test_the_earliest_history_is_whole_whatever_rows_keep():
    source = challenge([(1, [8, 9, 7], 9)])
    tables = prepare_challenge(source, make_params(max_history=1))
    assert tables.events["item_id"].to_pylist() == [2, 1, 3] + [1]
    assert tables.train["item_seq"].to_pylist() == [[3]]


@pytest.mark.parametrize("label", [0, 1])
def test_labels_of_a_challenge_are_nothing_but_labels_of_its_events(label):
    """Which events are clicks of a history does not depend on them."""
    source = challenge([(1, [8], 9), (1, [8, 9], 7)])
    labels = source.train.set_column(5, "label", pa.array([label] * 2))
    events = prepare_challenge(replace(source, train=labels), make_params()).events
    others = prepare_challenge(source, make_params()).events
    assert events.drop(["label"]).equals(others.drop(["label"]))
    assert events["label"].to_pylist() == [None, label, label]
