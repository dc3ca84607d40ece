"""Rows of the catalog as arrays for evaluation."""

import pyarrow as pa
import pytest

from mmctr.data.evaluated_rows import known_rows
from mmctr.data.log_facts import LogFacts

TRAIN = pa.table(
    {
        "item_id": [1, 2],
        "label": pa.array([0, 1], pa.int8()),
        "item_seq": [[1], [2]],
        "field_device": pa.array([4, 5], pa.int32()),
    }
)
CLICKS = LogFacts(kind="clicks", negative_keep=1.0, clock=True)


def test_a_single_field_that_is_named_must_be_there():
    assert set(known_rows(TRAIN, ["device"], CLICKS).fields) == {"device"}
    assert known_rows(TRAIN, ["position"], CLICKS).fields == {}
    with pytest.raises(ValueError, match="names 'devise'.*did you mean 'device'"):
        known_rows(TRAIN, ["devise"], CLICKS)
