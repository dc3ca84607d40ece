"""What a column of items, users or rows could be as a field."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from mmctr.data.column_kinds import NUMBERS, TEXTS, TIMES, is_any, is_list, value_type
from mmctr.data.fields.column_values import are_dates
from mmctr.data.fields.levels_and_tags import LEVELS, TAGS
from mmctr.data.fields.params import Kind, Side

FEW_VALUES = 64
"""Whole numbers of at most so many values are categories."""

FREE_TEXT = 0.5
"""Text with more distinct values than this share of its rows is free text."""

_types = pa.types


class Guess(NamedTuple):
    """What is inferred of a column.

    Attributes:
        kind: As what it is used; None: not used.
        why: In words.
    """

    kind: Kind | None
    why: str


def guess_by_name(column: str, side: Side) -> Guess | None:
    """What a column is by its name: tags, likes and views of items."""
    if side != "item" or column not in (TAGS, *LEVELS):
        return None
    return Guess("tags" if column == TAGS else "level", f"{column} of the item")


def guess_by_type(name: str, found: pa.DataType) -> Guess | None:
    """Infer what an Arrow type alone says.

    Returns:
        The guess; None where the values decide.
    """
    if is_list(found):
        held = value_type(found.value_type)
        if _types.is_floating(held) or name.endswith("_vector"):
            return Guess(None, as_modality(name))
        if not is_any(held, (*TEXTS, *NUMBERS, _types.is_boolean)):
            return Guess(None, f"lists of {held} are no field")
        return Guess("tags", "lists")
    if _types.is_boolean(found):
        return Guess("category", "true or false")
    if not is_any(found, (*TEXTS, *NUMBERS, _types.is_decimal, *TIMES)):
        return Guess(None, f"values of type {found} are no field")
    return None


def guess_by_values(name: str, values: pa.Array, counts: np.ndarray) -> Guess:
    """Infer the kind of a column from its values in train.

    Args:
        name: The column.
        values: ``[V]`` distinct values, without null.
        counts: ``[V]`` items, users or events with a value, of those in train.

    Returns:
        The guess.
    """
    distinct = int((counts > 0).sum())
    if distinct < 2:
        return Guess(None, "one value in train" if distinct else "no value in train")
    if name.lower().endswith("_id"):
        return Guess("id", "its name ends in _id")
    values = values.filter(pa.array(counts > 0))
    if is_any(values.type, TEXTS) and not are_dates(values):
        is_free = distinct > max(FREE_TEXT * counts.sum(), FEW_VALUES)
        if not is_free:
            return Guess("category", f"text of {distinct:,} values")
        parameter = f"embedding.modalities.NAME.column={name}"
        return Guess(None, f"free text: a modality, by {parameter}")
    if _types.is_integer(values.type) and distinct <= FEW_VALUES:
        return Guess("category", f"whole numbers of {distinct} values")
    is_date = are_dates(values)
    return Guess(
        "number", "dates, in days" if is_date else f"numbers of {distinct:,} values"
    )


def as_modality(name: str) -> str:
    """Say how a column of vectors is used; no field is made of one."""
    modality = name.removesuffix("_vector")
    if modality not in {name, ""}:
        return f"vectors: the modality {modality}, not a field"
    return f"vectors: a modality, by embedding.modalities.NAME.column={name}"
