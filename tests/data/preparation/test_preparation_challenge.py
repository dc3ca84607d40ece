"""The challenge's files as primary tables."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from small_logs import make_params

from mmctr.data.datasets import ChallengeSource
from mmctr.data.fields.params import FieldsParams
from mmctr.data.preparation.challenge import prepare_challenge
from mmctr.data.preparation.params import PreparationParams
from mmctr.pipelines.preparation import create_pipeline
from mmctr.pipelines.preparation.nodes import audit_tables, prepare_tables

ITEM_IDS = [50, 7, 9, 1_000]


LISTS = pa.large_list(pa.int64())


def part(users, histories, targets, labels):
    columns = {
        "user_id": users,
        "item_id": targets,
        "item_seq": pa.array(histories, LISTS),
        "likes_level": np.arange(len(targets)),
        "views_level": np.arange(len(targets)) + 1,
    }
    return pa.table(columns if labels is None else {**columns, "label": labels})


def changed(rows, **columns):
    return pa.table({**{name: rows[name] for name in rows.column_names}, **columns})


@pytest.fixture
def source():
    return ChallengeSource(
        items=pa.table(
            {
                "item_id": ITEM_IDS,
                "title": ["a", "", "c", "d"],
                "tags": pa.array([[3], [], [1, 2], []], LISTS),
                "likes_level": [0, 1, 2, 10],
                "views_level": [10, 9, 8, 7],
            }
        ),
        image_vectors=np.eye(4, 3, dtype=np.float32),
        train=part([1, 1, 2], [[9], [9], [50, 9, 50]], [50, 9, 50], [1, 0, 0]),
        valid=part([5, 4, 5], [[7], [], [50]], [7, 1_000, 50], [1, 0, 1]),
        test=part([2, 6], [[1_000, 7, 9], [9]], [7, 7], None),
        oracle_auc={"valid": 0.9},
    )


@pytest.fixture
def tables(source):
    return prepare_challenge(source, make_params(max_history=2))


def test_items_are_numbered_in_file_order(tables):
    assert tables.items.to_pydict() == {
        "item_id": [1, 2, 3, 4],
        "title": ["a", "", "c", "d"],
        "field_tags": [[6], [], [4, 5], []],
        "field_likes": [4, 5, 6, 14],
        "field_views": [14, 13, 12, 11],
    }
    assert tables.item_id_mapping.to_pydict() == {
        "item_id": [1, 2, 3, 4],
        "original_id": ITEM_IDS,
    }


def test_rows_keep_their_order_and_the_newest_history(tables):
    assert tables.train["item_id"].to_pylist() == [1, 3, 1]
    assert tables.train["item_seq"].to_pylist() == [[3], [3], [3, 1]]
    assert tables.train["label"].to_pylist() == [1, 0, 0]
    assert tables.valid["item_id"].to_pylist() == [2, 4, 1]
    assert tables.valid["item_seq"].to_pylist() == [[2], [], [1]]
    assert tables.valid["field_row_likes"].to_pylist() == [4, 5, 6]
    assert tables.valid["field_row_views"].to_pylist() == [5, 6, 7]
    assert tables.test["item_seq"].to_pylist() == [[2, 3], [3]]


def test_the_mapping_applied_back_gives_the_source_s_ids(source, tables):
    original = np.array(tables.item_id_mapping["original_id"])
    for name in ("train", "valid", "test"):
        table, rows = getattr(tables, name), getattr(source, name)
        back = original[table["item_id"].to_numpy() - 1]
        np.testing.assert_array_equal(back, rows["item_id"])
        assert table["user_id"].to_pylist() == rows["user_id"].to_pylist()


def test_a_group_is_a_user(tables):
    assert tables.train["group_id"].to_pylist() == [0, 0, 1]
    assert tables.valid["group_id"].to_pylist() == [1, 0, 1]


def test_an_unlabelled_test_has_null_labels(tables):
    assert tables.test["label"].to_pylist() == [None, None]
    assert tables.test.schema == tables.train.schema
    assert tables.train.schema.field("item_seq").type == pa.list_(pa.int32())


def test_parameters_of_logs_are_told(source, caplog):
    reading = {"columns": {"user_id": "who"}, "label": {"threshold": 3}}
    params = PreparationParams(seed=1, reading=reading, repeats="drop", max_history=2)
    prepare_tables(source, params, FieldsParams(context=["hour"], min_count=1))
    told = [x for x in caplog.messages if "is ignored" in x]
    assert [text.partition(" ")[0] for text in told] == [
        "preparation.repeats=drop",
        "preparation.reading.columns={'user_id':",
        "preparation.reading.label.threshold=3.0",
        "fields.context=['hour']",
        "fields.min_count=1",
    ]
    caplog.clear()
    prepare_tables(source, PreparationParams(seed=1), FieldsParams())
    assert "is ignored" not in caplog.text


def test_users_may_be_text(source):
    parts = {
        name: changed(getattr(source, name), user_id=users)
        for name, users in (
            ("train", ["s", "s", "u"]),
            ("valid", ["u", "t", "u"]),
            ("test", ["v", "w"]),
        )
    }
    tables = prepare_challenge(replace(source, **parts), make_params())
    valid = tables.valid
    assert tables.report["parts"]["valid"]["warm_users"] == 1
    assert valid["user_id"].to_pylist() == ["u", "t", "u"]
    assert valid["group_id"].to_pylist() == [1, 0, 1]


def test_the_report_counts_warm_and_cold(tables):
    report = json.loads(json.dumps(tables.report, allow_nan=False))
    assert report["source"] == "challenge"
    assert report["items"] == 4
    assert report["items_in_train"] == 2
    assert report["oracle_auc"] == {"valid": 0.9}
    assert report["log"] is None
    assert report["parts"]["valid"] == {
        "rows": 3,
        "positive_rows": 2,
        "groups": 2,
        "users": 2,
        "warm_users": 0,
        "items": 3,
        "warm_items": 1,
        "rows_with_cold_item": 2,
        "mean_history": 0.667,
    }
    assert report["parts"]["test"]["positive_rows"] is None
    assert report["parts"]["test"]["warm_users"] == 1


@pytest.mark.parametrize("name", ["train", "valid", "test"])
def test_unknown_items_are_named(source, name):
    rows = getattr(source, name)
    targets = rows["item_id"].to_pylist()
    targets[1] = 8
    other = replace(source, **{name: changed(rows, item_id=targets)})
    with pytest.raises(
        ValueError, match=rf"{name}.parquet: column 'item_id' .* rows \[1\]"
    ):
        prepare_challenge(other, make_params())
    history = [[51] * len(items) for items in rows["item_seq"].to_pylist()]
    history = pa.array(history, LISTS)
    other = replace(source, **{name: changed(rows, item_seq=history)})
    with pytest.raises(ValueError, match=rf"{name}.parquet: column 'item_seq'.*add"):
        prepare_challenge(other, make_params())


@pytest.mark.parametrize("stranger", [6, 8, 1_001, -1])
def test_ids_between_and_beyond_the_known_ones_are_unknown(source, stranger):
    valid = changed(source.valid, item_id=[1_000, stranger, 7])
    tables = prepare_challenge(
        replace(source, valid=valid), make_params(unknown_items="pad")
    )
    assert tables.valid["item_id"].to_pylist() == [4, 2]


def test_events_are_each_users_first_history_and_the_rows_of_train(tables):
    events = tables.events.to_pydict()
    assert events["user_id"] == [1, 2, 2, 2, 1, 1, 2]
    assert events["item_id"] == [3, 1, 3, 1, 1, 3, 1]
    assert events["label"] == [None, None, None, None, 1, 0, 0]
    assert events["timestamp"] == [None] * 7


def test_the_node_takes_a_challenge(source, tables):
    params = make_params(max_history=2)
    made = prepare_tables(source, params, FieldsParams())
    items, mapping, *parts, _events, report, state, audit = made
    assert items.equals(tables.items)
    assert mapping.equals(tables.item_id_mapping)
    for found, name in zip(parts, ("train", "valid", "test"), strict=True):
        assert found.equals(getattr(tables, name))
    assert report == tables.report
    assert audit["train"]["rows"] == 3


def test_the_audit_is_ready_for_json_and_null_where_unlabelled(tables):
    audit = audit_tables(tables.items, tables.train, tables.valid, tables.test)
    audit = json.loads(json.dumps(audit, allow_nan=False))
    assert audit["train"]["rows"] == 3
    assert audit["train"]["positive_rate"] == pytest.approx(1 / 3)
    assert audit["test"]["positive_rate"] is None


def test_the_pipeline_is_wired_by_name():
    pipeline = create_pipeline()
    assert [node.name for node in pipeline.nodes] == ["prepare_tables"]
    assert pipeline.inputs() == {
        "source",
        "start_bundle",
        "params:preparation",
        "params:fields",
    }
    assert pipeline.all_outputs() == {
        "items",
        "item_id_mapping",
        "train",
        "valid",
        "test",
        "events",
        "preparation_report",
        "preparation_state",
        "data_audit",
    }
