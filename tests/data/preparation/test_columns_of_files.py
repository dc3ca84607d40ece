"""The report names every column of the files, as they name it."""

import pyarrow as pa
import pyarrow.parquet as pq
from log_forms import IDS, T0, USERS, Form

from mmctr.data.preparation.column_use import column_use
from mmctr.data.preparation.log_numbers import number_log
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.reading.log import read_log
from mmctr.data.reading.params import ReadingParams


def test_every_column_of_the_files_is_named(tmp_path):
    log = {"user_id": None, "userId": USERS, "rating": [1, 5] * 6, "junk": [0] * 12}
    items = {"tag": ["x"] * 4, "image_vector": [[1.0]] * 4}
    folder = Form(log, items).written(tmp_path)
    earlier = {"user_id": USERS, "item_id": IDS, "device": ["tv"] * 12}
    pq.write_table(pa.table(earlier), folder / "history.parquet")
    reading = ReadingParams(
        columns={"user_id": "userId"},
        label={"column": "rating", "threshold": 4},
        ignore_columns=["junk"],
    )
    source = read_log(str(folder), "image_vector", reading)
    params = PreparationParams(seed=1, reading=reading)
    found = column_use(source, None, params, {})
    for name, why in {
        "userId": "whose row it is",
        "rating": "label",
        "image_vector": "image_vector",
        "title": "title vectors",
    }.items():
        assert found[name]["used"], name
        assert found[name]["why"] == why
    for name, why in {
        "junk": "not read: preparation.reading.ignore_columns",
        "device": "no part of a click",
        "tag": "not read",
    }.items():
        assert not found[name]["used"], name
        assert found[name]["why"] == why


def test_a_column_that_only_ages_count_from_is_used(tmp_path):
    folder = Form(items={"day": ["2023-01-01"] * 4}).written(tmp_path)
    source = read_log(str(folder), None, ReadingParams())
    found = column_use(source, None, PreparationParams(seed=1), {}, "day")["day"]
    assert found == {"side": "item", "kind": "time", "used": True, "why": "item_age"}


def test_a_list_of_earlier_clicks_keeps_its_order(tmp_path):
    folder = Form().written(tmp_path)
    listed = [1003, 1000, 1002, 1001]
    clicks = {"user_id": [1, 2], "history": [listed, listed[::-1]]}
    pq.write_table(pa.table(clicks), folder / "history.parquet")
    log = number_log(read_log(str(folder), None, ReadingParams()), "strict", 1)
    items = {user: log.item[~log.in_log & (log.user == user)] + 999 for user in (0, 1)}
    assert items[0].tolist() == listed
    assert items[1].tolist() == listed[::-1]
    assert set(log.timestamp[~log.in_log]) == {T0 - 1}
