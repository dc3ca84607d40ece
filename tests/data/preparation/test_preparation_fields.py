"""Fields of a log that is prepared: fitted on train, joined to items and rows."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from mmctr.data.datasets import TablePieces
from mmctr.data.fields.field import FIRST, MISSING, UNKNOWN
from mmctr.data.fields.params import FieldsParams
from mmctr.data.fields.state import FieldState
from mmctr.data.preparation import part_rows
from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.tables import PrimaryTables
from mmctr.data.reading.source import LogSource
from tests.helpers.small_impressions import impression_params
from tests.helpers.small_logs import make_params

USERS, ITEMS, EVENTS = 30, 80, 900
COUNTRIES = ["se", "dk", "no"]


def fields_log(seed: int, *, labelled: bool) -> LogSource:
    """Events over 60 days; the last user is in no list of users."""
    rng = np.random.default_rng(seed)
    users = rng.integers(0, USERS, EVENTS)
    log = {
        "user_id": users,
        "item_id": rng.integers(1, ITEMS + 1, EVENTS),
        "timestamp": np.sort(rng.integers(0, 60 * 24, EVENTS)) * 3_600,
        "position": rng.integers(1, 6, EVENTS),
    }
    if labelled:
        log["label"] = rng.integers(0, 2, EVENTS).astype(np.int8)
    items = {
        "item_id": np.arange(1, ITEMS + 1),
        "title": [f"item {number}" for number in range(ITEMS)],
        "category": [f"c{number % 4}" for number in range(ITEMS)],
        "price": rng.gamma(2.0, size=ITEMS),
        "blurb": [f"a long story, number {n} of many" for n in range(ITEMS)],
    }
    listed = np.arange(USERS - 1)
    country = [COUNTRIES[user % 3] for user in listed]
    return LogSource(
        pa.table(log),
        pa.table(items),
        np.zeros((ITEMS, 0), np.float32),
        users=pa.table({"user_id": listed, "country": country}),
    )


SETTINGS = FieldsParams(
    context=["position"], time=["hour", "item_age"], user_id=True, min_count=5
)


def prepared(source: LogSource, settings: FieldsParams, **params) -> PrimaryTables:
    make = impression_params if "label" in source.log.column_names else make_params
    return prepare_interactions(source, make(**params), settings)


@pytest.mark.parametrize("labelled", [False, True])
def test_rows_have_the_fields_of_their_user_event_and_time(labelled):
    source = fields_log(1, labelled=labelled)
    tables = prepared(source, SETTINGS)
    state = {x.name: x for x in FieldState(**tables.state).fields}
    assert set(state) == {
        *("category", "price", "country", "user_id"),
        *("position", "hour", "item_age"),
    }
    events = {
        (row["user_id"], row["item_id"], row["timestamp"]): row
        for row in source.log.to_pylist()
    }
    countries = dict(zip(*source.users.to_pydict().values(), strict=True))
    for row in tables.valid.to_pylist():
        user = row["user_id"]
        country = state["country"].values[row["field_country"] - FIRST :][:1]
        if user in countries:
            assert country == [countries[user]]
        else:
            assert row["field_country"] == MISSING
        hour = row["timestamp"] // 3_600 % 24
        assert state["hour"].values[row["field_hour"] - FIRST] == str(hour)
        key = (user, row["item_id"], row["timestamp"])
        if key in events:
            code = row["field_position"] - FIRST
            assert state["position"].values[code] == str(events[key]["position"])
    categories = [
        state["category"].values[code - FIRST]
        for code in tables.items["field_category"].to_pylist()
    ]
    assert categories == source.items["category"].to_pylist()


def test_every_column_is_named_with_its_use():
    columns = prepared(fields_log(1, labelled=True), SETTINGS).report["log"]["columns"]
    assert columns["category"] == {
        "side": "item",
        "kind": "category",
        "used": True,
        "why": "text of 4 values",
    }
    assert (
        columns["blurb"]["why"]
        == "free text: a modality, by embedding.modalities.NAME.column=blurb"
    )
    assert columns["country"]["side"] == "user"
    assert columns["position"]["used"]
    without = prepared(fields_log(1, labelled=True), FieldsParams())
    position = without.report["log"]["columns"]["position"]
    assert (position["used"], position["why"]) == (False, "not named in fields.context")


@pytest.mark.parametrize("labelled", [False, True])
def test_what_happens_after_train_changes_no_vocabulary(labelled):
    source = fields_log(2, labelled=labelled)
    before = prepared(source, SETTINGS)
    last = before.report["log"]["valid_from"]
    is_late = source.log["timestamp"].to_numpy() >= last
    position = np.where(is_late, 77, source.log["position"].to_numpy())
    place = source.log.column_names.index("position")
    log = source.log.set_column(place, "position", pa.array(position))
    after = prepared(replace(source, log=log), SETTINGS)
    assert after.state == before.state
    assert after.train.to_pandas().equals(before.train.to_pandas())
    assert set(after.test["field_position"].to_pylist()) == {UNKNOWN}


def test_the_ages_of_a_group_of_clicks_are_as_of_one_time():
    train = prepared(fields_log(3, labelled=False), SETTINGS).train.to_pandas()
    assert (train["as_of"] <= train["timestamp"]).all()
    same = train.groupby(["item_id", "as_of"])["value_item_age"].nunique(dropna=False)
    assert (same == 1).all()


def test_kept_negatives_change_no_code_of_valid():
    source = fields_log(4, labelled=True)
    valid = [prepared(source, SETTINGS, negative_keep=x).valid for x in (1.0, 0.3)]
    assert valid[0].to_pandas().equals(valid[1].to_pandas())


def test_a_group_has_as_many_rows_as_the_log_gives_it():
    source = fields_log(5, labelled=True)
    log = source.log.to_pandas()
    shown = np.repeat(np.arange(EVENTS), np.resize([2, 3], EVENTS))[:EVENTS]
    log = log.assign(impression_id=shown, user_id=shown % USERS, timestamp=shown * 900)
    source = replace(
        fields_log(5, labelled=True),
        log=pa.Table.from_pandas(log, preserve_index=False),
    )
    settings = FieldsParams(context=["group_size"], min_count=1)
    tables = prepared(source, settings)
    sizes = FieldState(**tables.state).of("row")[0].values
    for part in (tables.valid, tables.test):
        frame = part.to_pandas()
        found = frame.groupby("group_id")["label"].transform("size")
        codes = frame["field_group_size"].to_numpy()
        assert [sizes[code - FIRST] for code in codes] == [str(n) for n in found]


def test_pieces_have_the_fields_of_the_whole(monkeypatch):
    source = fields_log(6, labelled=True)
    whole = prepared(source, SETTINGS)
    monkeypatch.setattr(part_rows, "PIECE_ROWS", 100)
    cut = prepared(source, SETTINGS)
    assert cut.state == whole.state
    assert isinstance(cut.train, TablePieces)
    assert cut.train.schema.equals(whole.train.schema, check_metadata=True)
    assert (
        pa.concat_tables(cut.train)
        .combine_chunks()
        .to_pandas()
        .equals(whole.train.to_pandas())
    )


def test_times_that_are_an_order_have_no_hour():
    source = replace(fields_log(7, labelled=True), clock=False)
    with pytest.raises(ValueError, match=r"only tell an order.*fields\.time=\[\]"):
        prepared(source, SETTINGS)
    assert prepared(source, FieldsParams()).train.num_rows > 100


def test_a_column_that_is_named_as_a_field_of_time_is_not_that_field():
    source = fields_log(3, labelled=True)
    log = source.log.append_column("hour", pa.array(np.full(EVENTS, 3)))
    fields = FieldsParams(time=["hour"])
    tables = prepare_interactions(replace(source, log=log), impression_params(), fields)
    hours = len(set(tables.train["field_hour"].to_pylist()))
    assert hours > 20
    use = tables.report["log"]["columns"]["hour"]
    assert (use["used"], use["why"]) == (False, "not named in fields.context")
    with pytest.raises(ValueError, match="context has hour, which is a field of time"):
        FieldsParams(time=["hour"], context=["hour"])
