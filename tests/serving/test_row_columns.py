"""Columns of requests are those that preparation makes of the same rows."""

import numpy as np
import pyarrow as pa
import pytest

from mmctr.data.fields.log_columns import RowsOfLog
from mmctr.data.fields.log_fields import fit_log_fields
from mmctr.data.fields.params import FieldsParams
from mmctr.data.reading.source import LogSource
from mmctr.data.row_statistics.event_log import EventLog
from mmctr.serving.rows import Requests

DAY = 86_400


@pytest.mark.parametrize("published", [None, "published"])
def test_ages_of_items_are_those_of_preparation(published):
    times, items = np.array([0, 1, 5, 8]) * DAY, np.array([1, 2, 1, 2])
    log = {"user_id": list("abab"), "item_id": items, "timestamp": times}
    table = {"item_id": [1, 2, 3], "title": ["", "", ""]}
    dates = {"published": ["1970-01-02", None, "1970-01-04"]}
    source = LogSource(
        pa.table(log), pa.table(table | dates), np.zeros((3, 0), np.float32)
    )
    params = FieldsParams(
        time=["item_age"], published_column=published, min_count=1, bins=2
    )
    first = np.array([2**62, 0, DAY, 2**62])
    rows = RowsOfLog(np.arange(4), items, times, times, np.ones(4, np.int64))
    fields = fit_log_fields(source, [rows], np.ones(4, bool), first, params)
    expected = fields.rows(rows)
    prepared = fields.items()
    assert ("published" in prepared.column_names) == (published is not None)

    requests = Requests(
        items=np.append(items, 0),
        history=np.zeros(0, np.int64),
        offsets=np.zeros(6, np.int64),
        users=pa.nulls(5, pa.string()),
        as_of=np.append(times, DAY),
    )
    found = requests.table(
        pa.table({"item_id": range(4)}),
        fields.state,
        EventLog.from_arrow(pa.table(log)),
        published=None if published is None else prepared["published"].to_numpy(),
    )
    for name in ("field_item_age", "value_item_age"):
        values = found[name].to_numpy()
        np.testing.assert_array_equal(values[:4], expected[name].to_numpy())
    assert np.isnan(found["value_item_age"].to_numpy()[4])
