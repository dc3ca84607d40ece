"""Levels and tags: how a log's become fields, and those of the challenge."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.fields.column_values import Column
from mmctr.data.fields.field import Field
from mmctr.data.fields.params import FieldsParams, Kind, Side
from mmctr.data.fields.state import ColumnUse, FieldState
from mmctr.data.raw_schemas import MAX_LEVEL

TAGS, LEVELS = "tags", ("likes", "views")

ROW_LEVELS = tuple(f"row_{name}" for name in LEVELS)
"""Fields of the challenge's rows: likes and views as a row states them."""

STATED_LEVELS = tuple(f"{name}_level" for name in LEVELS)
"""Columns of the challenge's items and rows, levels from 0 to 10."""


def is_special(column: str, params: FieldsParams) -> bool:
    """Whether a column of items is tags, likes or views, and no parameter says what.

    These say the same of an item whoever clicks it, and are fitted on all items.
    """
    said = params.columns.get(column)
    is_free = said is None or (said.used and said.kind is None)
    return is_free and column in (TAGS, *LEVELS)


def fit_special(
    column: str, values: Column, params: FieldsParams, separator: str | None
) -> tuple[Field | None, ColumnUse]:
    """Fit tags, likes or views.

    Args:
        column: Which of them.
        values: ``[n_items]`` lists of strings, or numbers, null where unknown.
        params: ``max_tags`` is used.
        separator: Between the tags of a text; None: a text is one tag.

    Returns:
        The field, None if the values say nothing, and what became of the column.
    """
    if column == TAGS:
        field = fit_tags(values, params.max_tags, separator)
    else:
        field = fit_levels(column, values)
    use = use_of_special(column)
    if field is None:
        nothing = {"kind": None, "used": False, "why": f"no item has {column}"}
        use = use.model_copy(update=nothing)
    return field, use


def use_of_special(column: str) -> ColumnUse:
    """What becomes of tags, likes or views that items have."""
    kind: Kind = "tags" if column == TAGS else "level"
    why = f"{column} of the item"
    if kind == "level":
        why += ", by eleven quantiles"
    return ColumnUse(column=column, side="item", kind=kind, used=True, why=why)


def fit_tags(
    column: Column, max_tags: int, separator: str | None = None
) -> Field | None:
    """Number tags, the most frequent first.

    Args:
        column: Lists of strings.
        max_tags: Most tags per item; the first ones are kept.
        separator: Between the tags of a text.

    Returns:
        The field; None if there is no tag.
    """
    kept = [list(dict.fromkeys(tags))[:max_tags] for tags in column.to_pylist()]
    counts = Counter(tag for tags in kept for tag in tags)
    if not counts:
        return None
    return Field(
        name=TAGS,
        column=TAGS,
        side="item",
        kind="tags",
        of_all=True,
        values=sorted(counts, key=lambda tag: (-counts[tag], tag)),
        separator=separator,
        max_tags=max_tags,
    )


def fit_levels(name: str, column: Column) -> Field | None:
    """Make eleven levels of numbers, by quantile; None if there is no number."""
    values = column.drop_null().to_numpy()
    if not len(values):
        return None
    shares = np.arange(1, MAX_LEVEL + 1) / (MAX_LEVEL + 1)
    borders = np.quantile(values, shares).tolist()
    return _level(name, name, "item", borders)


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
        of_all=True,
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
        of_all=True,
        borders=borders,
    )
