"""The item table as the model reads it."""

import numpy as np
import pyarrow as pa
import pytest

from mmctr.ctr.inputs.item_table import ItemTable


def item_table(**changes: object) -> pa.Table:
    """Two items and padding, with some columns replaced."""
    columns = {
        "item_id": pa.array([0, 1, 2], pa.int32()),
        "tags": pa.array([[], [3, 1], [2]], pa.list_(pa.int32())),
        "likes": pa.array([0, 1, 11], pa.int8()),
        "views": pa.array([0, 5, 2], pa.int8()),
        "title_codes": pa.array([[0, 0], [1, 2], [2, 2]], pa.list_(pa.int32())),
        "image_codes": pa.array([[], [], []], pa.list_(pa.int32())),
    }
    return pa.table({**columns, **changes})


def test_lists_become_matrices():
    table = ItemTable.from_arrow(item_table())
    assert table.n_items == 2
    assert table.tags.tolist() == [[0, 0], [3, 1], [2, 0]]
    assert table.codes["title"].tolist() == [[0, 0], [1, 2], [2, 2]]
    assert table.codes["image"].shape == (3, 0)
    assert table.likes.dtype == np.int64


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"item_id": pa.array([0, 2, 1])}, "row 1 is item 2"),
        ({"likes": pa.array([1, 1, 1], pa.int8())}, "row 0 must be padding"),
        (
            {"title_codes": pa.array([[0], [1, 2], [2]], pa.list_(pa.int32()))},
            r"'title_codes' has lists of length 1, but rows \[1\] have \[2\]",
        ),
    ],
)
def test_a_broken_table_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        ItemTable.from_arrow(item_table(**changes))
