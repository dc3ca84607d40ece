"""Fields of what a column of the log was at the user's earlier clicks."""

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from mmctr.data.fields.field import FIRST
from mmctr.data.fields.params import FieldsParams
from mmctr.data.fields.state import FieldState
from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.tables import PrimaryTables
from mmctr.data.reading.source import LogSource
from tests.helpers.small_impressions import impression_params
from tests.helpers.small_logs import make_params

USERS, ITEMS, EVENTS, MOST = 12, 30, 700, 3


def log_with_places(*, labelled: bool, seed: int = 0) -> LogSource:
    """Events of few users, no two at once, and clicks from before them."""
    rng = np.random.default_rng(seed)
    log = {
        "user_id": rng.integers(0, USERS, EVENTS),
        "item_id": rng.integers(1, ITEMS + 1, EVENTS),
        "timestamp": 10**6 + rng.permutation(EVENTS) * 3_600,
        "position": rng.integers(1, 6, EVENTS),
    }
    history = None
    if labelled:
        log["label"] = rng.integers(0, 2, EVENTS).astype(np.int8)
        before = {name: log[name][:50] for name in ("user_id", "item_id")}
        history = pa.table(before | {"timestamp": np.arange(50)})
    return LogSource(
        pa.table(log),
        pa.table({"item_id": np.arange(1, ITEMS + 1), "title": ["a"] * ITEMS}),
        np.zeros((ITEMS, 0), np.float32),
        history=history,
    )


def prepared(source: LogSource, **fields) -> PrimaryTables:
    labelled = "label" in source.log.column_names
    params = impression_params() if labelled else make_params()
    settings = FieldsParams(min_count=1, max_tags=MOST, **fields)
    return prepare_interactions(source, params, settings)


@pytest.mark.parametrize("labelled", [False, True])
def test_rows_have_the_newest_values_of_earlier_clicks_each_as_often(labelled):
    source = log_with_places(labelled=labelled)
    tables = prepared(source, clicked=["position"])
    (field,) = FieldState(**tables.state).fields
    assert (field.name, field.of_clicks) == ("clicked_position", "position")
    clicks = source.log.to_pylist()
    clicks = [row for row in clicks if row.get("label", 1) == 1]
    clicks.sort(key=lambda row: -row["timestamp"])
    repeated = False
    for part in (tables.train, tables.valid, tables.test):
        for row in part.to_pylist():
            before = [
                str(click["position"])
                for click in clicks
                if click["user_id"] == row["user_id"]
                and click["timestamp"] < row["timestamp"]
            ]
            codes = row["field_clicked_position"]
            assert [field.values[code - FIRST] for code in codes] == before[:MOST]
            repeated |= len(set(codes)) < len(codes)
    assert repeated


def test_the_report_says_what_a_column_of_clicks_is_used_for():
    tables = prepared(log_with_places(labelled=True), clicked=["position"])
    use = tables.report["log"]["columns"]["position"]
    assert use["used"]
    assert use["kind"] == "tags"


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(
        ValueError, match=r"fields.clicked names 'plce', .*known: position"
    ):
        prepared(log_with_places(labelled=True), clicked=["plce", "position"])


def test_a_field_of_clicks_is_no_column_of_the_log():
    with pytest.raises(ValidationError, match="context has clicked_position"):
        FieldsParams(context=["clicked_position"], clicked=["position"])
