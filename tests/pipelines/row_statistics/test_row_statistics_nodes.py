"""The node of the row statistics pipeline, on a small log."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from small_logs import make_params, random_source

from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.tables import PrimaryTables
from mmctr.data.row_statistics.params import RowStatisticsParams
from mmctr.pipelines.row_statistics.nodes import compute_row_statistics

PARTS = ("train", "valid", "test")


@pytest.fixture(scope="module")
def prepared() -> PrimaryTables:
    source = random_source(3, users=60, events=1500)
    sizes = {"valid_fraction": 0.2, "test_fraction": 0.2}
    # Several windows within a part, so that live statistics move on.
    return prepare_interactions(
        source, make_params(window_days=3, min_eligible_items=5, **sizes)
    )


def compute(prepared: PrimaryTables, **changes: Any) -> tuple[Any, ...]:
    nothing = pa.array([[]] * (prepared.items.num_rows + 1), pa.list_(pa.int32()))
    names = ("title_codes", "image_codes")
    absent = np.zeros((prepared.items.num_rows + 1, 0), np.float32)
    params = {"kinds": ["popularity", "history"], **changes}
    return compute_row_statistics(
        prepared.train,
        prepared.valid,
        prepared.test,
        prepared.events,
        prepared.items,
        pa.table(dict.fromkeys(names, nothing)),
        {"title": absent, "image": absent},
        prepared.report,
        RowStatisticsParams.model_validate(params),
    )


def numbers(rows: pa.Table) -> pd.DataFrame:
    """The statistics, of which pandas takes two missing ones for equal."""
    return rows.select([x for x in rows.column_names if "." in x]).to_pandas()


def test_frozen_rows_of_test_are_those_of_the_other_protocol(prepared):
    train, valid, test, frozen, report = compute(prepared)
    others = compute(prepared, protocol="frozen")
    assert numbers(train).equals(numbers(others[0]))
    assert not numbers(valid).equals(numbers(others[1]))
    assert not numbers(test).equals(numbers(frozen))
    assert numbers(frozen).equals(numbers(others[2]))
    assert frozen.select(["group_id", "item_id"]).equals(
        test.select(["group_id", "item_id"])
    )
    assert others[3].num_rows == 0
    assert others[3].schema.equals(test.schema)
    assert json.loads(json.dumps(report))["protocol"] == "live"
    assert others[4] == report | {"protocol": "frozen"}


def test_the_report_counts_columns_and_events(prepared):
    train, *_, report = compute(prepared)
    names = [name for name in train.column_names if "." in name]
    assert list(report["kinds"]) == ["popularity", "history"]
    for kind, count in report["kinds"].items():
        assert count == sum(name.startswith(f"{kind}.") for name in names)
    assert report["events"] == prepared.events.num_rows


def test_without_statistics_there_is_no_protocol(prepared):
    *parts, frozen, report = compute(prepared, kinds=[])
    assert [part.column_names for part in parts] == [
        getattr(prepared, name).column_names for name in PARTS
    ]
    assert frozen.num_rows == 0
    assert (report["protocol"], report["kinds"]) == (None, {})


def test_without_times_there_is_no_protocol(prepared):
    def undated(table: pa.Table) -> pa.Table:
        for name in {"timestamp", "as_of"} & set(table.column_names):
            nothing = pa.nulls(table.num_rows, pa.int64())
            table = table.set_column(table.column_names.index(name), name, nothing)
        return table

    tables = {name: undated(getattr(prepared, name)) for name in (*PARTS, "events")}
    report = prepared.report | {"log": None}
    *_, frozen, found = compute(prepared._replace(report=report, **tables))
    assert frozen.num_rows == 0
    assert found["protocol"] is None
    assert set(found["kinds"]) == {"popularity", "history"}
