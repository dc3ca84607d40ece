"""Columns of raw files as arrays, whatever their width or list type."""

from collections.abc import Sequence
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.runtime.jagged import Jagged

_LIST_TYPES = (
    pa.types.is_list,
    pa.types.is_large_list,
    pa.types.is_fixed_size_list,
    pa.types.is_list_view,
    pa.types.is_large_list_view,
)
_TEXT_TYPES = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
)


def is_list(kind: pa.DataType) -> bool:
    """Whether it is any of Arrow's list types."""
    return any(check(kind) for check in _LIST_TYPES)


def is_text(kind: pa.DataType) -> bool:
    """Whether it is any of Arrow's string types."""
    return any(check(kind) for check in _TEXT_TYPES)


def is_number(kind: pa.DataType) -> bool:
    """Whether it is an integer or a float of any width."""
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def require_columns(there: list[str], names: list[str], file: str) -> None:
    """Stop unless every column is there.

    Raises:
        ValueError: Naming the file, the missing columns and those that are there.
    """
    missing = [name for name in names if name not in there]
    if missing:
        raise ValueError(
            f"{file}: column {', '.join(repr(name) for name in missing)} is missing; "
            f"it has {', '.join(there)}"
        )


def integer_column(table: pa.Table, name: str, file: str) -> np.ndarray:
    """Read a column of whole numbers of any integer or float width.

    Returns:
        ``[rows]`` int64.

    Raises:
        ValueError: Naming file, column and the first five rows that are empty or hold
            no whole number.
    """
    where = f"{file}: column '{name}'"
    column = table[name].combine_chunks()
    if not is_number(column.type):
        raise ValueError(
            f"{where} is {column.type}; whole numbers are wanted, convert the column"
        )
    _require_filled(column, where)
    values = column.to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(_is_inexact(values))
    if rows.size:
        raise ValueError(
            f"{where} must hold whole numbers that {column.type} and int64 hold "
            f"exactly; rows {rows[:5].tolist()} hold {values[rows[:5]].tolist()}"
        )
    return values.astype(np.int64, copy=False)


def id_column(table: pa.Table, name: str, file: str) -> pa.Array:
    """Read a column of ids, whole numbers of any width or text.

    Returns:
        ``rows`` values, int64 or string.

    Raises:
        ValueError: Naming file, column and the first five rows that are empty or hold
            no id.
    """
    column = table[name].combine_chunks()
    if is_text(column.type):
        _require_filled(column, f"{file}: column '{name}'")
        return column.cast(pa.string())
    if is_number(column.type):
        return pa.array(integer_column(table, name, file))
    raise ValueError(
        f"{file}: column '{name}' is {column.type}; ids are whole numbers or text"
    )


def text_column(table: pa.Table, name: str, file: str) -> pa.Array:
    """Read a column of text.

    Returns:
        ``rows`` strings, empty where there is none.

    Raises:
        ValueError: If the column holds something else.
    """
    column = table[name].combine_chunks()
    if not (is_text(column.type) or pa.types.is_null(column.type)):
        raise ValueError(
            f"{file}: column '{name}' is {column.type}; text is wanted, convert the "
            "column"
        )
    return pc.fill_null(column.cast(pa.string()), "")


def list_column(table: pa.Table, name: str, file: str) -> Jagged:
    """Read a list column of any Arrow list type, without touching its values.

    Returns:
        The flat values (integers as int64 or uint64, floats in their own width), and
        ``[rows + 1]`` int64 offsets: row i holds ``values[offsets[i]:offsets[i + 1]]``.

    Raises:
        ValueError: If the column holds no lists of numbers, or a list or a value is
            missing; it names file, column and the first five rows.
    """
    where = f"{file}: column '{name}'"
    column = table[name].combine_chunks()
    if not is_list(column.type):
        raise ValueError(f"{where} is {column.type}; a list in every row is wanted")
    _require_filled(column, where)
    lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    values = column.flatten()
    if not (is_number(values.type) or len(values) == 0):
        raise ValueError(f"{where} holds lists of {values.type}; numbers are wanted")
    if values.null_count:
        empty = values.is_null().to_numpy(zero_copy_only=False)
        _fail(offsets, empty, f"{where} has empty values", "fill them or drop the rows")
    return values.to_numpy(zero_copy_only=False), offsets


def id_list_column(
    table: pa.Table, name: str, file: str, *, padded_in_front: bool
) -> Jagged:
    """Read lists of ids of one length, 0 being padding, and leave the padding out.

    Args:
        table: The file's table.
        name: The column.
        file: Where it comes from, for the message.
        padded_in_front: Whether the order counts, so that all padding must lie before
            the first id.

    Returns:
        Flat int64 ids and ``[rows + 1]`` offsets, as :func:`list_column`.

    Raises:
        ValueError: If lengths differ, a value is negative or no whole number, or
            padding follows an id; it names the first five rows.
    """
    where = f"{file}: column '{name}'"
    values, offsets = list_column(table, name, file)
    width = _one_length(offsets, where, "lists", "pad every list with 0 to one length")
    broken = _is_inexact(values) | (values < 0)
    if broken.any():
        _fail(
            offsets,
            broken,
            f"{where} has values that are no ids",
            "whole numbers are wanted, 0 (padding) and above",
        )
    kept = values != 0
    if padded_in_front:
        grid = kept.reshape(len(offsets) - 1, width)
        rows = np.flatnonzero((grid[:, :-1] & ~grid[:, 1:]).any(axis=1))
        if rows.size:
            raise ValueError(
                f"{where} has padding (0) after an id in rows {rows[:5].tolist()}; "
                "histories are padded in front, the newest item last"
            )
    before = np.concatenate([[0], np.cumsum(kept, dtype=np.int64)])
    return values[kept].astype(np.int64), before[offsets]


def vector_column(
    table: pa.Table, name: str, file: str, item_ids: Sequence[object] | None = None
) -> np.ndarray:
    """Read a column of vectors of one width.

    Args:
        table: The file's table.
        name: The column.
        file: Where it comes from, for the message.
        item_ids: Item of each row, for the message.

    Returns:
        ``[rows, width]`` float32.

    Raises:
        ValueError: If widths differ or a value is not finite; it names the first five
            rows, and their items.
    """
    where = f"{file}: column '{name}'"
    values, offsets = list_column(table, name, file)
    remedy = "compute these vectors again or drop the rows"
    width = _one_length(offsets, where, "vectors", remedy)
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, see below
        values = values.astype(np.float32, copy=False)
    infinite = ~np.isfinite(values)
    if infinite.any():
        _fail(
            offsets,
            infinite,
            f"{where} has NaN or infinite values",
            remedy,
            item_ids,
        )
    return values.reshape(len(offsets) - 1, width)


def _is_inexact(values: np.ndarray) -> np.ndarray:
    """Where a number is not whole, or too big to be told from its neighbours."""
    if values.dtype.kind == "i":
        return np.zeros(len(values), bool)
    if values.dtype.kind == "u":
        return values > np.iinfo(np.int64).max
    largest = 2.0 ** (np.finfo(values.dtype).nmant + 1)
    wide = values.astype(np.float64, copy=False)
    return ~(np.abs(wide) <= largest) | (wide != np.floor(wide))


def _one_length(offsets: np.ndarray, where: str, what: str, remedy: str) -> int:
    lengths = np.diff(offsets)
    width = int(np.bincount(lengths).argmax())
    rows = np.flatnonzero(lengths != width)
    if rows.size:
        raise ValueError(
            f"{where} has {what} of length {width}, but rows {rows[:5].tolist()} have "
            f"{lengths[rows[:5]].tolist()}; {remedy}"
        )
    return width


def _require_filled(column: pa.Array, where: str) -> None:
    if column.null_count:
        rows = np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))
        raise ValueError(
            f"{where} is empty in rows {rows[:5].tolist()}; fill them or drop the rows"
        )


def _fail(
    offsets: np.ndarray,
    places: np.ndarray,
    what: str,
    remedy: str,
    item_ids: Sequence[object] | None = None,
) -> NoReturn:
    """Name the first rows that the marked flat values are in, and their items."""
    rows = np.searchsorted(offsets, np.flatnonzero(places), side="right") - 1
    first = np.unique(rows)[:5].tolist()
    items = f" (item_id {[item_ids[row] for row in first]})" if item_ids else ""
    raise ValueError(f"{what} in rows {first}{items}; {remedy}")
