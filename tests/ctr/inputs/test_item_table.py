"""The item table as the model reads it."""

import pyarrow as pa
import pytest

from mmctr.ctr.inputs.item_table import ItemTable


def item_table(padding: int = 0, **changes: object) -> pa.Table:
    """Two items and padding, with some columns replaced."""
    columns = {
        "item_id": pa.array([0, 1, 2], pa.int32()),
        "title_codes": pa.array([[0, 0], [1, 2], [2, 2]], pa.list_(pa.int32())),
        "image_codes": pa.array([[], [], []], pa.list_(pa.int32())),
    }
    table = pa.table({**columns, **changes})
    for name, codes, width in (
        ("tags", pa.array([[], [6, 4], [5]], pa.list_(pa.int32())), 2),
        ("likes", pa.array([padding, 4, 14], pa.int32()), 1),
    ):
        facts = {"size": "15", "width": str(width), "kind": "level"}
        table = table.append_column(
            pa.field(f"field_{name}", codes.type, metadata=facts), codes
        )
    return table


def test_lists_become_matrices():
    table = ItemTable.from_arrow(item_table())
    assert table.n_items == 2
    assert table.fields.codes.tolist() == [[0, 0, 0], [6, 4, 4], [5, 0, 14]]
    assert table.codes["title"].tolist() == [[0, 0], [1, 2], [2, 2]]
    assert table.codes["image"].shape == (3, 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"item_id": pa.array([0, 2, 1])}, "row 1 is item 2"),
        ({"padding": 4}, "row 0 must be padding"),
        (
            {"title_codes": pa.array([[0], [1, 2], [2]], pa.list_(pa.int32()))},
            r"'title_codes' has lists of length 1, but rows \[1\] have \[2\]",
        ),
    ],
)
def test_a_broken_table_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        ItemTable.from_arrow(item_table(**changes))
