"""All statistics beside a part's rows, and what they may not depend on."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statistic_worlds import (
    DAY,
    N_ITEMS,
    N_USERS,
    Click,
    Row,
    event_log,
    rows_table,
    worlds,
)

from mmctr.data.fields.field import FIRST
from mmctr.data.preparation.tables import events_table
from mmctr.data.row_statistics.event_log import EventLog
from mmctr.data.row_statistics.params import KINDS, RowStatisticsParams
from mmctr.data.row_statistics.table import StatisticsSource, add_statistics

ITEMS = N_ITEMS + 1
TITLES = ["red train", "red robot", "blue train", "", "robot", "red", "train red"]


def item_table() -> pa.Table:
    """Tags and codes; row 0 is padding."""
    lists = pa.list_(pa.int32())
    numbers = range(1, ITEMS + 1)
    codes = [[1 + i % 2, i] for i in numbers]
    return pa.table(
        {
            "field_tags": pa.array([[]] + [[FIRST + i % 3] for i in numbers], lists),
            "title_codes": pa.array([[0, 0], *codes], lists),
            "image_codes": pa.array([[]] * (ITEMS + 1), lists),
        }
    )


def vectors() -> dict[str, np.ndarray]:
    title = np.random.default_rng(5).normal(size=(ITEMS + 1, 3)).astype(np.float32)
    title[0] = 0
    return {"title": title, "image": np.zeros((ITEMS + 1, 0), np.float32)}


def source_of(log: EventLog, **params: object) -> StatisticsSource:
    return StatisticsSource(
        log,
        TITLES,
        np.ones(ITEMS + 1, bool),
        item_table(),
        vectors(),
        RowStatisticsParams.model_validate({"kinds": KINDS, **params}),
    )


def statistics_of(table: pa.Table) -> dict[str, np.ndarray]:
    names = [name for name in table.column_names if "." in name]
    return {name: table[name].to_numpy() for name in names}


def assert_same(left: pa.Table, right: pa.Table) -> None:
    """The same statistics to the last bit, NaN being NaN."""
    left_columns, right_columns = statistics_of(left), statistics_of(right)
    assert list(left_columns) == list(right_columns)
    assert left_columns
    for name, column in left_columns.items():
        np.testing.assert_array_equal(column, right_columns[name], err_msg=name)


@given(world=worlds(), at_once=st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_the_numbers_do_not_depend_on_rows_at_once(world, at_once):
    table = rows_table(world.rows)
    together = add_statistics(table, source_of(world.log))
    in_pieces = add_statistics(table, source_of(world.log, rows_at_once=at_once))
    assert_same(in_pieces, together)


@given(world=worlds(), targets=st.lists(st.integers(0, ITEMS), min_size=2))
@settings(max_examples=60, deadline=None)
def test_a_request_has_the_numbers_of_its_rows(world, targets):
    """Rows of one history are computed together; others between them change nothing."""
    request = [replace(world.rows[0], item=item) for item in targets]
    other = replace(world.rows[0], history=[1, *world.rows[0].history])
    mixed = rows_table([row for own in request for row in (own, other)])
    for log in (world.log, replace(world.log, dated=False, of_others=True)):
        together = add_statistics(rows_table(request), source_of(log))
        apart = add_statistics(mixed, source_of(log))
        assert_same(together, apart.take(list(range(0, apart.num_rows, 2))))


CLICKS = st.lists(
    st.tuples(st.integers(1, N_USERS), st.integers(1, N_ITEMS), st.integers(0, 9)),
    min_size=1,
    max_size=10,
)


@given(world=worlds(), later=CLICKS)
@settings(max_examples=30, deadline=None)
def test_events_at_or_after_as_of_never_count(world, later):
    """Whatever happens then: a row's own event, the negatives' and all after."""
    day = world.rows[0].as_of
    rows = rows_table([replace(row, as_of=day) for row in world.rows])
    past = [click for click in world.clicks if click[2] < day]
    future: list[Click] = [(user, item, day + more) for user, item, more in later]
    found = add_statistics(rows, source_of(event_log(world.clicks)))
    assert_same(found, add_statistics(rows, source_of(event_log([*future, *past]))))


def test_a_statistic_of_the_own_event_would_be_found_out():
    """The test above fails for a log that is looked at a second too late."""
    row = Row(1, 1, [2], as_of=5)
    log = event_log([(1, 1, 5), (1, 2, 1), (2, 1, 1), (2, 2, 0)])
    late = replace(log, times=log.times - 1)
    without = event_log([(1, 2, 1), (2, 1, 1), (2, 2, 0)])
    table = rows_table([row])
    assert_same(
        add_statistics(table, source_of(log)), add_statistics(table, source_of(without))
    )
    with pytest.raises(AssertionError):
        assert_same(
            add_statistics(table, source_of(late)),
            add_statistics(table, source_of(without)),
        )


@given(world=worlds())
@settings(max_examples=30, deadline=None)
def test_labels_and_times_of_the_rows_are_never_read(world):
    table = rows_table(world.rows)
    n = len(world.rows)
    for label in (0, 1):
        labelled = table.append_column("label", pa.array([label] * n, pa.int8()))
        labelled = labelled.append_column("timestamp", pa.array([label] * n))
        assert_same(
            add_statistics(labelled, source_of(world.log)),
            add_statistics(table, source_of(world.log)),
        )


def test_columns_are_float32_named_by_kind_in_the_order_of_the_kinds():
    rows = rows_table([Row(1, 1, [2, 3], 5), Row(9, 0, [], 3)])
    log = event_log([(1, 1, 0), (1, 2, 1)])
    kinds = ["tags", "history", "codes"]
    table = add_statistics(rows, source_of(log, kinds=kinds))
    assert table.column_names[: rows.num_columns] == rows.column_names
    assert table.select(rows.column_names).equals(rows)
    found = table.column_names[rows.num_columns :]
    assert list(dict.fromkeys(name.partition(".")[0] for name in found)) == kinds
    assert {table.schema.field(name).type for name in found} == {pa.float32()}
    # There are no image codes.
    assert [x for x in found if x.startswith("codes.image")] == []
    assert add_statistics(rows, source_of(log, kinds=[])).equals(rows)


def test_history_is_cut_to_the_newest():
    log = event_log([(1, 1, 0)])
    long = rows_table([Row(1, 1, [1, 1, 1, 2, 3], 5)])
    short = rows_table([Row(1, 1, [2, 3], 5)])
    assert_same(
        add_statistics(long, source_of(log, max_history=2)),
        add_statistics(short, source_of(log)),
    )


def test_a_log_without_times_counts_all_and_has_no_column_of_time():
    users, items = pa.array([1, 1, 2]), np.array([1, 2, 1])
    log = EventLog.from_arrow(events_table(users, items, None))
    rows = rows_table([Row(1, 1, [2], 0), Row(2, 3, [1], 0)])
    rows = rows.set_column(3, "as_of", pa.nulls(2, pa.int64()))
    found = statistics_of(add_statistics(rows, source_of(log)))
    np.testing.assert_allclose(found["popularity.events"], np.log1p([2, 0]))
    np.testing.assert_allclose(found["cooccurrence.users_max"], np.log1p([1, 0]))
    of_time = ("idle", "age", "trend", "events_30d", "user_events", "user_idle")
    assert [name for name in found if name.endswith(of_time)] == []


def test_rows_of_which_some_have_no_as_of_are_refused():
    rows = rows_table([Row(1, 1, [2], 5), Row(1, 1, [2], 5)])
    rows = rows.set_column(3, "as_of", pa.array([None, 5], pa.int64()))
    with pytest.raises(ValueError, match=r"'as_of' is empty in rows \[0\]"):
        add_statistics(rows, source_of(event_log([(1, 1, 0)])))


CLICKED = [(1, 1, 0), (1, 2, 1), (2, 1, 2), (2, 2, 3), (1, 3, 6), (2, 3, 7)]


def test_a_limit_hides_later_events_and_leaves_earlier_rows_alone():
    """The protocol frozen: valid and test know of train's events only."""
    early, late = rows_table([Row(1, 2, [1], 3)]), rows_table([Row(2, 3, [1, 2], 7)])
    whole, cut = (
        source_of(event_log([click for click in CLICKED if click[2] < end]))
        for end in (9, 5)
    )
    assert_same(add_statistics(early, whole, 5 * DAY), add_statistics(early, whole))
    frozen = add_statistics(late, whole, 5 * DAY)
    # Ages end with the limit too.
    at_limit = rows_table([Row(2, 3, [1, 2], 5)])
    assert_same(frozen, add_statistics(at_limit, cut))
    live = add_statistics(late, whole)
    events = "popularity.events"
    np.testing.assert_allclose(live[events].to_numpy(), np.log1p([1]))
    assert frozen[events].to_pylist() == [0]


def test_words_are_those_of_the_items_of_train():
    in_train = np.zeros(ITEMS + 1, bool)
    in_train[[1, 2]] = True
    table = rows_table([Row(1, 3, [1, 5], 5)])
    source = replace(source_of(event_log(CLICKED)), in_train=in_train)
    found = statistics_of(add_statistics(table, source))
    # Of their words only red is in two titles, and item 3 is a blue train.
    assert found["lexical.words_max"].tolist() == [0]
    # An item that train lacks may have any title.
    changed = replace(source, titles=[*TITLES[:3], "red train", *TITLES[4:]])
    assert_same(add_statistics(table, changed), add_statistics(table, source))
