"""A log of impressions as primary tables, against plain loops."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_impressions import (
    PARTS,
    impression_logs,
    impression_params,
    random_impressions,
    rows_of,
    shuffled,
)
from small_logs import DAY, make_source, with_log

from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.tables import PrimaryTables
from mmctr.data.reading.source import LogSource


def prepared(source: LogSource, **values) -> PrimaryTables:
    """The tables; logs that are refused are no example."""
    try:
        return prepare_interactions(source, impression_params(**values))
    except ValueError as error:
        assert "fraction" in str(error)
        assume(False)
        raise


@given(source=impression_logs(), max_history=st.integers(1, 4))
@settings(max_examples=80, deadline=None)
def test_histories_are_the_clicks_before_and_no_group_is_in_two_parts(
    source, max_history
):
    tables = prepared(source, max_history=max_history)
    events = tables.events.to_pylist()
    parts_of_group: dict[int, set[str]] = {}
    count = 0
    for part in PARTS:
        rows = rows_of(tables, part)
        count += len(rows)
        users: dict[int, set] = {}
        for row in rows:
            parts_of_group.setdefault(row["group_id"], set()).add(part)
            users.setdefault(row["group_id"], set()).add(row["user_id"])
            assert row["as_of"] <= row["timestamp"]
            clicks = [
                event["item_id"]
                for event in events
                if event["user_id"] == row["user_id"]
                and event["timestamp"] < row["as_of"]
                and event["label"] != 0  # None: from before the log
            ]
            assert row["item_seq"] == clicks[-max_history:]
        assert all(len(found) == 1 for found in users.values())
    assert all(len(found) == 1 for found in parts_of_group.values())
    assert count == len(source.log)


@given(source=impression_logs(), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_any_order_of_the_file_gives_the_same_tables(source, seed):
    expected = prepared(source)
    found = prepare_interactions(shuffled(source, seed), impression_params())
    for name in (*PARTS, "events", "items"):
        assert getattr(found, name).equals(getattr(expected, name)), name
    assert found.report == expected.report


@given(source=impression_logs(), share=st.floats(0.05, 0.9))
@settings(max_examples=60, deadline=None)
def test_valid_and_test_do_not_depend_on_the_share_of_negatives_kept(source, share):
    everything, some = prepared(source), prepared(source, negative_keep=share)
    for name in ("valid", "test", "events", "items"):
        assert getattr(some, name).equals(getattr(everything, name)), name
    kept = Counter(map(str, rows_of(some, "train")))
    assert kept <= Counter(map(str, rows_of(everything, "train")))
    clicks = [
        sum(row["label"] for row in rows_of(x, "train")) for x in (some, everything)
    ]
    assert clicks[0] == clicks[1]


def test_rows_keep_what_the_log_says():
    source = random_impressions(1)
    tables = prepare_interactions(source, impression_params())
    ids = tables.item_id_mapping["original_id"].to_pylist()
    found = Counter(
        (row["user_id"], ids[row["item_id"] - 1], row["timestamp"], row["label"])
        for part in PARTS
        for row in rows_of(tables, part)
    )
    log = source.log.to_pylist()
    names = ("user_id", "item_id", "timestamp", "label")
    assert found == Counter(tuple(row[name] for name in names) for row in log)
    report = tables.report["log"]
    assert (report["kind"], report["groups"]) == ("impressions", "impression_id")
    assert report["negative_keep"] == 1
    times = [row["timestamp"] for row in log]
    days = [
        pd.Timestamp(t, unit="s").date().isoformat() for t in (min(times), max(times))
    ]
    assert [report["first_day"], report["last_day"]] == days
    assert report["columns"]["position"]["used"] is False
    assert report["columns"]["label"]["used"] is True
    impressions = {row["impression_id"] for row in log}
    assert sum(tables.report["parts"][part]["groups"] for part in PARTS) == len(
        impressions
    )


def test_a_share_of_the_negatives_is_kept_and_told():
    source = random_impressions(2, screens=6_000)
    tables = prepare_interactions(source, impression_params(negative_keep=0.2))
    report = tables.report["log"]
    train = report["parts"]["train"]
    assert report["negative_keep"] == 0.2
    assert train["negatives_kept"] == pytest.approx(0.2 * train["negatives"], rel=0.1)
    labels = tables.train["label"].to_numpy()
    assert (labels == 0).sum() == train["negatives_kept"]
    assert (labels == 1).sum() == train["positives"]
    again = prepare_interactions(source, impression_params(negative_keep=0.2, seed=2))
    assert not again.train.equals(tables.train)


def grouped(rows: list[tuple]) -> tuple[dict[tuple, int], dict]:
    """Groups by (user, item), and the report, of rows before some filler."""
    filler = [(9, 1 + i % 2, 10**6 + i * DAY, i % 2, 1000 + i // 2) for i in range(40)]
    names = ["user_id", "item_id", "timestamp", "label", "impression_id"]
    frame = pd.DataFrame(rows + filler, columns=names).astype({"label": np.int8})
    tables = prepare_interactions(make_source(frame, 6), impression_params())
    ids = tables.item_id_mapping["original_id"].to_pylist()
    groups = {
        (row["user_id"], ids[row["item_id"] - 1]): row["group_id"]
        for row in rows_of(tables, "train")
        if row["user_id"] != 9
    }
    return groups, tables.report["log"]


def test_an_impression_id_of_two_users_is_two_groups():
    groups, report = grouped([(1, 1, 5, 0, 7), (1, 2, 5, 1, 7), (2, 3, 5, 0, 7)])
    assert groups[1, 1] == groups[1, 2] != groups[2, 3]
    assert report["split_impression_ids"]["of_several_users"] == 1


def test_an_impression_id_long_after_is_another_group():
    groups, report = grouped([(1, 1, 5, 0, 7), (1, 2, 65, 1, 7), (1, 3, 9 * DAY, 0, 7)])
    assert groups[1, 1] == groups[1, 2] != groups[1, 3]
    assert report["split_impression_ids"]["far_apart_in_time"] == 20 + 1


def test_clicks_of_a_group_are_in_no_history_of_it():
    """Nor in that of a group between its times."""
    rows = [(1, 1, 5, 1, 7), (1, 2, 65, 1, 7), (1, 3, 30, 0, 8), (1, 4, 900, 0, 9)]
    filler = [(9, 1 + i % 2, 10**6 + i * DAY, i % 2, 1000 + i) for i in range(40)]
    names = ["user_id", "item_id", "timestamp", "label", "impression_id"]
    frame = pd.DataFrame(rows + filler, columns=names).astype({"label": np.int8})
    tables = prepare_interactions(make_source(frame, 6), impression_params())
    mine = {
        row["timestamp"]: (row["item_seq"], row["as_of"])
        for row in rows_of(tables, "train")
        if row["user_id"] == 1
    }
    number = {item: 7 - item for item in range(1, 7)}
    assert mine == {
        5: ([], 5),
        65: ([], 5),
        30: ([number[1]], 30),
        900: ([number[1], number[2]], 900),
    }


def test_groups_without_ids_are_of_one_user_and_time_or_else_of_the_user():
    source = random_impressions(3)
    frame = source.log.to_pandas().drop(columns="impression_id")
    by_time = prepare_interactions(with_log(source, frame), impression_params())
    assert by_time.report["log"]["groups"] == "user_id and timestamp"
    spread = frame.assign(timestamp=np.arange(len(frame)) * 60)
    by_user = prepare_interactions(with_log(source, spread), impression_params())
    assert by_user.report["log"]["groups"] == "user_id"
    for part in PARTS:
        users = {row["group_id"]: row["user_id"] for row in rows_of(by_user, part)}
        assert len(set(users.values())) == len(users)


def test_earlier_clicks_are_in_histories_only():
    source = random_impressions(4)
    history = pa.table({"user_id": [100, 100, 999], "item_id": [1, 2, 3]})
    tables = prepare_interactions(replace(source, history=history), impression_params())
    without = prepare_interactions(source, impression_params())
    assert tables.report["log"]["earlier_clicks"] == 3
    assert tables.report["log"]["events"] == without.report["log"]["events"]
    assert tables.events.num_rows == without.events.num_rows + 3
    first = tables.events.slice(0, 3)
    assert set(first["timestamp"].to_pylist()) == {
        without.events["timestamp"][0].as_py() - 1
    }
    ids = tables.item_id_mapping["original_id"].to_pylist()
    for part in PARTS:
        for more, less in zip(
            rows_of(tables, part), rows_of(without, part), strict=True
        ):
            own = more["item_seq"][: len(more["item_seq"]) - len(less["item_seq"])]
            expected = {1, 2} if more["user_id"] == 100 else set()
            assert {ids[item - 1] for item in own} == expected
            assert (more["item_id"], more["label"]) == (less["item_id"], less["label"])


def test_rows_without_history_stay_unless_a_parameter_says_so():
    source = random_impressions(5)
    kept = prepare_interactions(source, impression_params())
    assert any(not row["item_seq"] for row in rows_of(kept, "train"))
    tables = prepare_interactions(source, impression_params(min_history=2))
    assert all(len(row["item_seq"]) >= 2 for row in rows_of(tables, "train"))
    train = tables.report["log"]["parts"]["train"]
    assert train["dropped_short_history"] == kept.train.num_rows - tables.train.num_rows
    assert tables.report["log"]["dropped"]["events"]["why"].keys() == {"short history"}


@pytest.mark.parametrize("label", [0, 1])
def test_a_part_of_one_label_says_what_to_change(label):
    source = random_impressions(6)
    frame = source.log.to_pandas()
    late = frame["timestamp"] > frame["timestamp"].quantile(0.7)
    frame.loc[late, "label"] = np.int8(label)
    with pytest.raises(ValueError, match="test needs rows of both labels") as error:
        prepare_interactions(with_log(source, frame), impression_params())
    assert "raise preparation.test_fraction" in str(error.value)
    assert "preparation.reading.label" in str(error.value)


@pytest.mark.parametrize("users", [1, 2])
def test_clicks_of_too_few_users_say_what_negatives_are(users):
    frame = pd.DataFrame(
        {
            "user_id": np.arange(200) % users,
            "item_id": np.arange(200) // users % 20 + 1,
            "timestamp": np.arange(200) * DAY,
        }
    )
    first = f"train has no row left: the log has {users} user"
    with pytest.raises(ValueError, match=first) as error:
        prepare_interactions(make_source(frame, 20), PreparationParams(seed=1))
    assert "negatives are items that other users clicked" in str(error.value)
    assert "'label'" in str(error.value)
    assert ("lower preparation." in str(error.value)) == (users > 1)
