"""A log as primary tables, against plain loops."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_logs import (
    DAY,
    Event,
    arrow_table,
    events_in_time,
    groups,
    histories,
    logs,
    make_params,
    make_source,
    random_source,
    with_log,
)

from mmctr.data.fields.field import FIRST
from mmctr.data.fields.params import FieldsParams
from mmctr.data.fields.state import FieldState
from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.tables import PrimaryTables, list_array
from mmctr.data.reading.source import LogSource
from mmctr.pipelines.preparation.nodes import prepare_tables

PARTS = ("train", "valid", "test")


def part_of(event: Event, report: dict) -> int:
    """Index of the part that an event's timestamp puts it in."""
    log = report["log"]
    return int(event.timestamp >= log["valid_from"]) + int(
        event.timestamp >= log["test_from"]
    )


def check_rows(source: LogSource, params, tables: PrimaryTables) -> None:
    """Positives, histories, negatives and counts of every part, by loops."""
    events = events_in_time(tables)
    expected = histories(events, params.max_history)
    for index, name in enumerate(PARTS):
        found = groups(getattr(tables, name))
        mine = [
            place
            for place, event in enumerate(events)
            if part_of(event, tables.report) == index
        ]
        long_enough = [p for p in mine if len(expected[p]) >= params.min_history]
        pool = {
            events[place].item
            for place in long_enough
            if events[place].item not in expected[place]
        }
        taken: dict[object, set[int]] = {}
        for event in events:
            if part_of(event, tables.report) <= index:
                taken.setdefault(event.user, set()).add(event.item)
        free = [len(pool - taken[events[place].user]) for place in long_enough]
        if max(free, default=0) < params.negatives_per_positive:
            # Nothing is new to anyone: repeats are drawn from too.
            pool = {events[place].item for place in long_enough}
        kept = []
        for place in long_enough:
            event = events[place]
            if len(pool - taken[event.user]) < params.negatives_per_positive:
                continue
            kept.append(place)
            rows = found[place]
            assert [row["label"] for row in rows] == [1] + [
                0
            ] * params.negatives_per_positive
            assert rows[0]["item_id"] == event.item
            negatives = {row["item_id"] for row in rows[1:]}
            assert len(negatives) == params.negatives_per_positive
            together = {
                other.item
                for other in events
                if (other.user, other.timestamp) == (event.user, event.timestamp)
            }
            repeats = set(expected[place]) - {event.item}
            assert negatives <= (pool - together) | repeats
            for row in rows:
                assert row["user_id"] == event.user
                assert row["item_seq"] == expected[place]
        assert list(found) == kept
        assert tables.report["log"]["parts"][name] == {
            "events": len(mine),
            "dropped_short_history": len(mine) - len(long_enough),
            "dropped_repeats": 0,
            "dropped_too_few_negatives": len(long_enough) - len(kept),
            "positives": len(kept),
        }


@given(logs(), st.integers(1, 4), st.integers(1, 2), st.integers(1, 2))
@settings(max_examples=60, deadline=None)
def test_rows_of_logs_full_of_ties(source, max_history, min_history, per_positive):
    params = make_params(
        valid_fraction=0.3,
        test_fraction=0.3,
        max_history=max(max_history, min_history),
        min_history=min_history,
        negatives_per_positive=per_positive,
        window_days=3,
        min_eligible_items=2,
    )
    try:
        tables = prepare_interactions(source, params)
    except ValueError as error:
        assert "would have no event" in str(error) or "no row left" in str(error)
        assume(False)
        raise
    check_rows(source, params, tables)


def test_rows_of_a_bigger_log():
    source = random_source(0)
    params = make_params(max_history=5, min_history=2)
    tables = prepare_interactions(source, params)
    check_rows(source, params, tables)
    assert tables.report["log"]["repeated_events_dropped"] > 0
    assert tables.report["log"]["parts"]["train"]["dropped_short_history"] > 0


def test_rows_without_enough_items_are_dropped_and_counted():
    source = random_source(2, users=12, n_items=15, events=150)
    params = make_params()
    tables = prepare_interactions(source, params)
    check_rows(source, params, tables)
    dropped = [
        tables.report["log"]["parts"][name]["dropped_too_few_negatives"]
        for name in PARTS
    ]
    assert sum(dropped) > 0


def test_a_part_without_rows_names_the_parameters():
    source = random_source(1)
    with pytest.raises(ValueError, match="no row left") as error:
        prepare_interactions(source, make_params(negatives_per_positive=50))
    assert "preparation.negatives_per_positive=50" in str(error.value)
    with pytest.raises(ValueError, match=r"preparation\.min_history=90"):
        prepare_interactions(source, make_params(min_history=90))


def test_a_log_of_three_days_names_them_and_what_to_set():
    days = np.repeat([0, 1, 2], [80, 10, 10])
    frame = pd.DataFrame(
        {
            "user_id": np.arange(100) % 20,
            "item_id": np.arange(100) % 9 + 1,
            "timestamp": (days + 19_723) * DAY,
        }
    )
    source = make_source(frame, 9)
    with pytest.raises(ValueError, match="train has no row left") as error:
        prepare_interactions(source, make_params())
    assert "set preparation.min_history=0, which scores" in str(error.value)
    assert "3 distinct times: 2024-01-01 (80 events), 2024-01-02 (10" in str(
        error.value
    )
    tables = prepare_interactions(source, make_params(min_history=0))
    assert max(map(len, tables.train["item_seq"].to_pylist())) == 0


def test_text_ids_come_back_through_the_mapping():
    numbers = random_source(2)
    log = numbers.log.to_pandas()
    log = log.assign(
        user_id="u" + log["user_id"].astype(str),
        item_id="i" + log["item_id"].astype(str),
    )
    items = numbers.items.to_pandas()
    items = items.assign(item_id="i" + items["item_id"].astype(str))
    text = replace(with_log(numbers, log), items=arrow_table(items))
    tables = prepare_interactions(text, make_params())
    mapping = tables.item_id_mapping.to_pydict()
    assert mapping["item_id"] == list(range(1, 41))
    assert mapping["original_id"] == items["item_id"].tolist()
    assert tables.items["title"].to_pylist() == items["title"].tolist()
    events = set(zip(log["user_id"], log["item_id"], strict=True))
    for name in PARTS:
        for row in getattr(tables, name).to_pylist():
            original = mapping["original_id"][row["item_id"] - 1]
            if row["label"]:
                assert (row["user_id"], original) in events
        rows = getattr(prepare_interactions(numbers, make_params()), name)
        assert len(getattr(tables, name)) == len(rows)


def test_levels_and_tags_of_the_item_table_are_used():
    log = random_source(3).log.to_pandas()
    source = make_source(
        log,
        40,
        likes=np.arange(40.0).tolist(),
        tags=[["a"]] * 39 + [["b", "a"]],
    )
    tables = prepare_interactions(source, make_params())
    items = tables.items.to_pydict()
    levels = [code - FIRST for code in items["field_likes"]]
    assert levels == sorted(levels)
    assert levels[0] == 0
    assert items["field_tags"][0] == [FIRST]
    assert items["field_tags"][-1] == [FIRST + 1, FIRST]
    assert [x.name for x in FieldState(**tables.state).fields] == ["likes", "tags"]
    columns = tables.report["log"]["columns"]
    assert columns["likes"] == {
        "side": "item",
        "kind": "level",
        "used": True,
        "why": "likes of the item",
    }
    assert columns["tags"]["kind"] == "tags"


def test_the_report_counts_warm_and_cold():
    source = random_source(5, users=60, n_items=150, events=400)
    tables = prepare_interactions(source, make_params())
    report = json.loads(json.dumps(tables.report, allow_nan=False))
    train = tables.train.to_pylist()
    warm_users = {row["user_id"] for row in train}
    warm_items = {row["item_id"] for row in train}
    warm_items |= {item for row in train for item in row["item_seq"]}
    assert report["items_in_train"] == len(warm_items)
    assert report["log"]["events"] == 400
    assert report["log"]["negatives_per_positive"] == (
        make_params().negatives_per_positive
    )
    for name in PARTS:
        rows = getattr(tables, name).to_pylist()
        users = {row["user_id"] for row in rows}
        items = {row["item_id"] for row in rows}
        assert report["parts"][name] == {
            "rows": len(rows),
            "positive_rows": len(rows) // 4,
            "groups": len(rows) // 4,
            "users": len(users),
            "warm_users": len(users & warm_users),
            "items": len(items),
            "warm_items": len(items & warm_items),
            "rows_with_cold_item": sum(
                row["item_id"] not in warm_items for row in rows
            ),
            "mean_history": round(
                float(np.mean([len(row["item_seq"]) for row in rows])), 3
            ),
        }


def test_a_seed_decides_negatives_and_the_order_of_ties_alone():
    source = random_source(6)
    first, again, other = (
        prepare_interactions(source, make_params(seed=seed)) for seed in (1, 1, 2)
    )
    for name in PARTS:
        tables = [getattr(each, name) for each in (first, again, other)]
        assert tables[0].equals(tables[1])
        assert not tables[0].equals(tables[2])
    assert events_in_time(first) != events_in_time(other)
    assert set(events_in_time(first)) == set(events_in_time(other))
    assert first.report["log"] == other.report["log"]


def test_the_node_takes_a_log():
    source, given = random_source(7), random_source(7)
    made = prepare_tables(given, make_params(), FieldsParams())
    assert not len(given.log)
    items, _, train, _, _, events, report, state, audit = made
    tables = prepare_interactions(source, make_params())
    assert items.equals(tables.items)
    assert train.equals(tables.train)
    assert events.equals(tables.events)
    assert report == tables.report
    assert audit["train"]["rows"] == len(train)


def test_more_history_than_a_list_can_address_is_refused():
    too_many = np.broadcast_to(np.int64(1), 2**31)
    with pytest.raises(ValueError, match=r"preparation\.max_history"):
        list_array((too_many, np.array([0, 2**31])))
