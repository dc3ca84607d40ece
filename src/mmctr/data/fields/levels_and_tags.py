"""Tags, likes and views: their names, and the challenge's, which states them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.fields.field import Field
from mmctr.data.fields.params import Side
from mmctr.data.fields.state import FieldState
from mmctr.data.raw_schemas import MAX_LEVEL

TAGS, LEVELS = "tags", ("likes", "views")

ROW_LEVELS = tuple(f"row_{name}" for name in LEVELS)
"""Fields of the challenge's rows: likes and views as a row states them."""

STATED_LEVELS = tuple(f"{name}_level" for name in LEVELS)
"""Columns of the challenge's items and rows, levels from 0 to 10."""


def challenge_fields(items: pa.Table) -> FieldState:
    """Describe what the challenge states: levels of items and rows, tags of items.

    Args:
        items: Its ``tags`` are numbers from 1.

    Returns:
        Fields that keep all levels, 0 to 10, and all tags as they are.
    """
    lists = items[TAGS].combine_chunks()
    last = pc.max(lists.flatten()).as_py() or 0
    most = pc.max(pc.list_value_length(lists)).as_py() or 0
    tags = Field(
        name=TAGS,
        column=TAGS,
        side="item",
        kind="tags",
        known_only=True,
        values=[str(tag) for tag in range(1, last + 1)],
        max_tags=max(most, 1),
    )
    borders = np.arange(MAX_LEVEL, dtype=np.float64).tolist()
    of_items, of_rows = (
        [
            _level(name, column, side, borders)
            for name, column in zip(names, STATED_LEVELS, strict=True)
        ]
        for side, names in (("item", LEVELS), ("row", ROW_LEVELS))
    )
    return FieldState(fields=[*([tags] if last else []), *of_items, *of_rows])


def _level(name: str, column: str, side: Side, borders: list[float]) -> Field:
    return Field(
        name=name,
        column=column,
        side=side,
        kind="level",
        known_only=True,
        borders=borders,
    )
