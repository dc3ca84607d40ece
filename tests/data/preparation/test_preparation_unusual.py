"""What a log has that may surprise is told, and so are parameters that do nothing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from small_impressions import PARTS, impression_params, random_impressions, shuffled
from small_logs import DAY, make_params, make_source, random_source, with_log

from mmctr.data.fields.params import FieldsParams
from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.reading.source import LogSource


def notes(source: LogSource, params: PreparationParams) -> str:
    return "; ".join(prepare_interactions(source, params).report["log"]["notes"])


def test_parameters_without_an_effect_are_told():
    params = {"repeats": "drop", "window_days": 3, "max_weight": 2.0}
    found = notes(random_impressions(1), impression_params(**params))
    assert "preparation.repeats=drop is ignored: the log is one of impressions" in found
    assert "preparation.window_days=3" in found
    assert "preparation.max_weight=2.0 is ignored: there is no" in found
    found = notes(random_source(1), make_params(negative_keep=0.1))
    assert "preparation.negative_keep=0.1 is ignored: the log is one of clicks" in found
    assert "is ignored" not in notes(random_source(1), make_params(repeats="first"))


def test_fields_without_an_effect_are_told():
    source = random_source(1)
    dates = pa.array([f"2024-01-{x % 28 + 1:02d}" for x in range(len(source.items))])
    source = replace(source, items=source.items.append_column("published", dates))
    fields = FieldsParams(published_column="published")
    for time, is_told in (([], True), (["item_age"], False)):
        chosen = fields.model_copy(update={"time": time})
        found = prepare_interactions(source, make_params(), chosen).report["log"]
        told = "fields.published_column=published is ignored: fields.time has no"
        assert (told in "; ".join(found["notes"])) == is_told


def test_an_item_of_most_events_and_items_of_none_are_told():
    frame = pd.DataFrame(
        {
            "user_id": np.arange(600) % 30,
            "item_id": np.where(np.arange(600) % 10 < 7, 3, np.arange(600) % 19 + 1),
            "timestamp": np.arange(600) * DAY // 10,
        }
    )
    found = notes(make_source(frame, 25), make_params(negatives_per_positive=1))
    assert "events are of one item, 3" in found
    assert "6 of 25 items have no event in the log" in found


def test_a_history_that_overlaps_the_log_is_told():
    source = random_impressions(2)
    times = source.log["timestamp"].to_numpy()
    clicks = {"user_id": [100] * 3, "item_id": [1, 2, 3]}
    when = [int(times.min()) - 9, int(times.min()), int(times.max()) + 9]
    history = pa.table({**clicks, "timestamp": when})
    found = notes(replace(source, history=history), impression_params())
    assert "2 of 3 clicks are not before the log's first event" in found
    assert "history" not in notes(source, impression_params())


def test_a_log_of_the_same_purchases_again_and_again_runs():
    """No click of valid or test is new to its user."""
    rng = np.random.default_rng(3)
    users = rng.integers(1, 151, 2_500)
    frame = pd.DataFrame(
        {
            "user_id": users,
            "item_id": users % 40 + 1,
            "timestamp": np.sort(rng.integers(0, 90 * DAY, 2_500)),
        }
    )
    tables = prepare_interactions(make_source(frame, 80), make_params())
    assert "clicks are of an item that the user clicked before" in "; ".join(
        tables.report["log"]["notes"]
    )
    for part in PARTS:
        for row in getattr(tables, part).to_pylist():
            assert (row["item_id"] in row["item_seq"]) == bool(row["label"])


@pytest.mark.parametrize("labelled", [False, True])
def test_equal_events_of_another_column_do_not_follow_the_file(labelled):
    source = random_impressions(5) if labelled else random_source(5)
    frame = pd.concat([source.log.to_pandas()] * 2, ignore_index=True)
    source = with_log(source, frame.assign(place=np.arange(len(frame)) % 7))
    params = impression_params() if labelled else make_params()
    fields = FieldsParams(context=["place"])
    expected = prepare_interactions(source, params, fields)
    for seed in range(2):
        found = prepare_interactions(shuffled(source, seed), params, fields)
        for part in PARTS:
            assert getattr(found, part).equals(getattr(expected, part)), part
