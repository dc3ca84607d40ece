"""Rows that two runs can be compared on."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mmctr.data.judged_rows import JudgedRows

ROWS = {
    "group_id": [7, 7, 9, 9],
    "label": pa.array([1, 0, 0, 1], pa.int8()),
    "timestamp": [5, 5, 6, None],
}
NAMED = {"user_id": ["b", "b", "a", "a"], "item_id": ["x", None, "y", "x"]}


def judged(rows: dict[str, Any] | None = None, **named: Any) -> JudgedRows:
    return JudgedRows.of(pa.table(ROWS | (rows or {})), pa.table(NAMED | named))


def test_users_and_groups_are_numbered_and_nobody_is_named():
    table = judged().to_table()
    assert table.to_pydict() == {
        "label": [1, 0, 0, 1],
        "user": [0, 0, 1, 1],
        "group": [0, 0, 1, 1],
    }
    assert JudgedRows.of_table(table).key == judged().key


def test_the_same_rows_have_one_key_however_groups_were_numbered():
    assert judged({"group_id": [100, 100, 3, 3]}).key == judged().key


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ({"group_id": [7, 7, 7, 9]}, {}),
        ({"label": pa.array([0, 1, 0, 1], pa.int8())}, {}),
        ({"timestamp": [5, 5, 7, None]}, {}),
        ({"weight": [1.0, 1.0, 2.0, 1.0]}, {}),
        ({}, {"user_id": ["b", "b", "a", "c"]}),
        ({}, {"item_id": ["x", "z", "y", "x"]}),
        ({}, {"item_id": ["x", None, "x", "y"]}),
    ],
)
def test_other_rows_have_another_key(rows, named):
    assert judged(rows, **named).key != judged().key


def test_weights_count_where_they_are_asked_for():
    table = judged({"weight": [1.0, 1.0, 2.0, 1.0]}).to_table()
    rows = JudgedRows.of_table(table)
    assert rows.user_rows(weighted=False).weights is None
    np.testing.assert_array_equal(rows.user_rows(weighted=True).weights, [1, 1, 2, 1])
