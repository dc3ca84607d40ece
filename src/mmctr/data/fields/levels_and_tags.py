"""Fields that the model has tables of its own for: popularity levels and tags."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.fields.column_values import Column
from mmctr.data.fields.field import CODES, FIRST, Field
from mmctr.data.raw_schemas import MAX_LEVEL
from mmctr.data.reading.tags import SEPARATOR

TAGS, LEVELS = "tags", ("likes", "views")


def fit_tags(items: pa.Table, max_tags: int) -> Field | None:
    """Number tags, the most frequent first.

    Args:
        items: With or without ``tags``, lists of strings.
        max_tags: Most tags per item; the first ones are kept.

    Returns:
        The field; None without tags.
    """
    if TAGS not in items.column_names:
        return None
    kept = [list(dict.fromkeys(tags))[:max_tags] for tags in items[TAGS].to_pylist()]
    counts = Counter(tag for tags in kept for tag in tags)
    separator = (items.schema.field(TAGS).metadata or {}).get(SEPARATOR.encode(), b"")
    return Field(
        name=TAGS,
        column=TAGS,
        side="item",
        kind="tags",
        values=sorted(counts, key=lambda tag: (-counts[tag], tag)),
        separator=separator.decode() or None,
        max_tags=max_tags,
    )


def numbered_tags(items: pa.Table) -> Field:
    """The field of ``tags`` that are numbers already, from 1."""
    lists = items[TAGS].combine_chunks()
    last = pc.max(lists.flatten()).as_py() or 0
    most = pc.max(pc.list_value_length(lists)).as_py() or 0
    return Field(
        name=TAGS,
        column=TAGS,
        side="item",
        kind="tags",
        values=[str(tag) for tag in range(1, last + 1)],
        max_tags=max(most, 1),
    )


def fit_levels(items: pa.Table) -> list[Field]:
    """Make levels 0 to 10 of the counts that the items state, by quantile.

    Args:
        items: With or without ``likes`` and ``views``; null where unknown.

    Returns:
        A field for each column that is there.
    """
    fields = []
    for name in LEVELS:
        if name in items.column_names:
            values = items[name].drop_null().to_numpy()
            fields.append(_level(name, name, quantile_borders(values)))
    return fields


def stated_levels() -> list[Field]:
    """The fields of ``likes_level`` and ``views_level``, 0 to 10 as they are."""
    borders = np.arange(MAX_LEVEL, dtype=np.float64)
    return [_level(name, f"{name}_level", borders) for name in LEVELS]


def quantile_borders(values: np.ndarray) -> np.ndarray:
    """The ten inner 11-quantiles ``[10]`` float64 of numbers; none of no number."""
    shares = np.arange(1, MAX_LEVEL + 1) / (MAX_LEVEL + 1)
    return np.quantile(values, shares) if len(values) else np.zeros(0)


def encode_levels_and_tags(
    fields: list[Field], columns: Mapping[str, Column], rows: int
) -> dict[str, pa.Array]:
    """Encode items, of train or new, as the columns of ``items``.

    Args:
        fields: What is stated of items.
        columns: Raw column -> values.
        rows: Number of items.

    Returns:
        ``tags``: lists of int32 from 1, without those that the field lacks; and of
        each level of the fields ``NAME_level``: int8 from 0 to 10, 0 where it is not
        known.
    """
    found: dict[str, pa.Array] = {TAGS: pa.array([[]] * rows, pa.list_(pa.int32()))}
    for field in fields:
        column = columns.get(field.column)
        values = pa.nulls(rows) if column is None else column
        codes = field.encode(values)[CODES + field.name]
        if field.kind == "tags":
            found[TAGS] = _known_tags(codes)
        else:
            levels = np.maximum(codes.to_numpy() - FIRST, 0).astype(np.int8)
            found[f"{field.name}_level"] = pa.array(levels)
    return found


def unknown_tags(field: Field, lists: pa.Array) -> list[str]:
    """The different tags of lists that a field lacks."""
    known = set(field.values)
    return [tag for tag in pc.unique(lists.flatten()).to_pylist() if tag not in known]


def _level(name: str, column: str, borders: np.ndarray) -> Field:
    return Field(
        name=name, column=column, side="item", kind="level", borders=borders.tolist()
    )


def _known_tags(codes: pa.ListArray) -> pa.ListArray:
    """Codes as numbers from 1, those without a value left out."""
    numbers = codes.flatten().to_numpy() - (FIRST - 1)
    known = numbers > 0
    ends = np.append(0, np.cumsum(known))[codes.offsets.to_numpy()]
    return pa.ListArray.from_arrays(
        pa.array(ends.astype(np.int32)), pa.array(numbers[known].astype(np.int32))
    )
