"""Fit a field on the train rows that have each row of its table."""

import numpy as np
import pyarrow as pa

from mmctr.data.column_kinds import TEXTS, is_any
from mmctr.data.fields.column_values import (
    Column,
    Distinct,
    are_dates,
    as_numbers,
    as_text,
    distinct_values,
    tag_lists,
    whole,
)
from mmctr.data.fields.field import Field, with_numbers, with_values
from mmctr.data.fields.guess import (
    FEW_VALUES,
    Guess,
    guess_by_name,
    guess_by_type,
    guess_by_values,
)
from mmctr.data.fields.params import ColumnParams, FieldsParams, Kind, Side
from mmctr.data.fields.state import ColumnUse
from mmctr.data.reading.tags import separator_of

_TWO = 2


def fit_column(
    name: str,
    column: str,
    side: Side,
    values: Column,
    counts: np.ndarray,
    params: FieldsParams,
) -> tuple[Field | None, ColumnUse]:
    """Decide what a column is, and fit it.

    Args:
        name: Of the field.
        column: Of the raw table.
        side: Whose table.
        values: ``[R]`` values of the table's rows.
        counts: ``[R]`` train rows that have each of them; 0: not in train.
        params: What is said of the column, and how values become codes.

    Returns:
        The field, None if it is none, and what became of the column.
    """
    values = whole(values)
    guess = _by_type(column, side, values, params)
    if guess is not None and guess.kind is None:
        return None, _use(column, side, None, guess.why)
    if guess is not None and guess.kind == "tags":
        field = Field(
            name=name,
            column=column,
            side=side,
            kind="tags",
            separator=separator_of(values) if is_any(values.type, TEXTS) else None,
        )
        return _fit_tags(field, guess, values, counts, params)
    distinct = distinct_values(values)
    of_values = _sums(distinct, counts)
    if guess is None:
        # Of items and users each counts once, however many rows it has.
        rows = of_values if side == "row" else _sums(distinct, np.minimum(counts, 1))
        guess = guess_by_values(column, distinct.values, rows)
    if guess.kind is None:
        return None, _use(column, side, None, guess.why)
    field = Field(name=name, column=column, side=side, kind=guess.kind)
    if guess.kind == "number":
        return _fit_numbers(field, guess, distinct, of_values, params)
    if guess.kind == "level" and not is_any(distinct.values.type, TEXTS):
        return _fit_level(field, guess, distinct, of_values, params)
    texts = as_text(distinct.values)
    least = 1 if guess.kind == "level" else params.min_count
    field = with_values(field, texts, of_values, least)
    return _used_if_any(field, guess, params)


def _by_type(
    column: str, side: Side, values: pa.Array, params: FieldsParams
) -> Guess | None:
    """What the parameters say of a column, or else its type."""
    said = params.columns.get(column, ColumnParams())
    if said.side not in (None, side):
        said = ColumnParams()
    if not said.used:
        return Guess(None, f"fields.columns.{column}.used=false")
    if said.kind is None:
        return guess_by_name(column, side) or guess_by_type(column, values.type)
    if pa.types.is_nested(values.type) and said.kind != "tags":
        raise ValueError(
            f"fields.columns.{column}.kind={said.kind}: its values are of type "
            f"{values.type}, no {said.kind}; use tags for lists, or used=false"
        )
    return Guess(said.kind, f"fields.columns.{column}.kind={said.kind}")


def _fit_tags(
    field: Field, guess: Guess, values: Column, counts: np.ndarray, params: FieldsParams
) -> tuple[Field | None, ColumnUse]:
    flat, offsets, _ = tag_lists(values, field.separator)
    distinct = distinct_values(flat)
    # A tag that a row has twice counts once.
    rows = np.repeat(np.arange(len(counts)), np.diff(offsets))
    _, first = np.unique(
        rows * (len(distinct.values) + 1) + distinct.codes, return_index=True
    )
    once = Distinct(distinct.values, distinct.codes[first])
    of_values = _sums(once, counts[rows[first]])
    field = field.model_copy(update={"max_tags": params.max_tags})
    texts = as_text(distinct.values)
    return _used_if_any(
        with_values(field, texts, of_values, params.min_count), guess, params
    )


def _fit_numbers(
    field: Field,
    guess: Guess,
    distinct: Distinct,
    counts: np.ndarray,
    params: FieldsParams,
) -> tuple[Field | None, ColumnUse]:
    dates = are_dates(distinct.values)
    numbers = as_numbers(distinct.values, dates=dates)
    known = ~np.isnan(numbers)
    is_named = guess.why.startswith("fields.columns.")
    if is_named and len(numbers) and not known.any():
        raise ValueError(
            f"{guess.why}: no value is a number or a date, such as "
            f"{distinct.values[0].as_py()!r}; use category or used=false"
        )
    if not counts[known].any():
        return None, _use(field.column, field.side, None, "no number in train")
    field = field.model_copy(update={"dates": dates})
    field = with_numbers(field, numbers[known], counts[known], params.bins)
    return field, _use(field.column, field.side, field.kind, guess.why)


def _fit_level(
    field: Field,
    guess: Guess,
    distinct: Distinct,
    counts: np.ndarray,
    params: FieldsParams,
) -> tuple[Field | None, ColumnUse]:
    """Numbers in their order: a bin each if they are few, or else by quantiles."""
    numbers = as_numbers(distinct.values, dates=are_dates(distinct.values))
    known = ~np.isnan(numbers) & (counts > 0)
    found, counts = numbers[known], counts[known]
    if len(found) < _TWO:
        why = f"{'one' if len(found) else 'no'} value in train"
        return None, _use(field.column, field.side, None, why)
    if len(found) <= FEW_VALUES:
        borders = np.sort(found)[:-1].tolist()
    else:
        borders = with_numbers(field, found, counts, params.bins).borders
    field = field.model_copy(update={"borders": borders})
    return field, _use(field.column, field.side, field.kind, guess.why)


def _used_if_any(
    field: Field, guess: Guess, params: FieldsParams
) -> tuple[Field | None, ColumnUse]:
    if not field.values:
        why = "no value in train"
        if field.rare:
            least = f"fields.min_count={params.min_count}"
            why = f"every value has fewer train rows than {least}"
        return None, _use(field.column, field.side, None, why)
    return field, _use(field.column, field.side, field.kind, guess.why)


def _sums(distinct: Distinct, counts: np.ndarray) -> np.ndarray:
    """``[V]`` int64: the counts of the rows with each value."""
    known = distinct.codes >= 0
    sums = np.bincount(
        distinct.codes[known], counts[known], minlength=len(distinct.values)
    )
    return sums.astype(np.int64)


def _use(column: str, side: Side, kind: Kind | None, why: str) -> ColumnUse:
    used = kind is not None
    return ColumnUse(column=column, side=side, kind=kind, used=used, why=why)
