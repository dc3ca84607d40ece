"""Columns of tables as arrays, whatever their width or list type."""

from collections.abc import Sequence
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.column_kinds import KINDS, NUMBERS, TEXTS, is_any, type_problem
from mmctr.runtime.jagged import Jagged


def checked_column(
    table: pa.Table, name: str, kind: str, file: str
) -> tuple[pa.Array, str]:
    """Give a column that has the right type, and values in all rows if it must.

    Args:
        table: The file's table.
        name: The column.
        kind: As for :func:`~mmctr.data.column_kinds.type_problem`.
        file: Where it comes from, for the message.

    Returns:
        The column, and what messages call it.

    Raises:
        ValueError: Naming file, column and the first five rows.
    """
    where = f"{file}: column '{name}'"
    column = one_array(table[name])
    problem = type_problem(column.type, kind)
    if problem is not None:
        raise ValueError(f"{where} {problem}")
    if column.null_count and not KINDS[kind].may_be_empty:
        rows = np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))
        _fail(f"{where} is empty", rows, "fill them or drop the rows")
    return column, where


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array; one that is in one piece already is not copied."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def arrays_of(table: pa.Table) -> list[np.ndarray]:
    """The memory that a table's columns lie in, as bytes."""
    chunks = (chunk for column in table.columns for chunk in column.chunks)
    buffers = (buffer for chunk in chunks for buffer in chunk.buffers())
    return [np.frombuffer(x, np.uint8) for x in buffers if x is not None and x.size]


def scalar_column(table: pa.Table, name: str, kind: str, file: str) -> pa.Array:
    """Read a column of one value per row.

    Args:
        table: The file's table.
        name: The column.
        kind: ``integer``, ``text`` or ``id``.
        file: Where it comes from, for the message.

    Returns:
        ``rows`` values: ``integer`` as int64, ``text`` as string, empty where there is
        none, ``id`` as int64 or string.

    Raises:
        ValueError: If the column is of another type, or has values that are empty or
            no whole numbers; it names file, column and the first five rows.
    """
    column, where = checked_column(table, name, kind, file)
    if kind == "text" or is_any(column.type, TEXTS):
        return pc.fill_null(column.cast(pa.string()), "")
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    values = column.to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(_is_inexact(values))
    if rows.size:
        raise ValueError(
            f"{where} must hold whole numbers that {column.type} and int64 hold "
            f"exactly; rows {rows[:5].tolist()} hold {values[rows[:5]].tolist()}"
        )
    return pa.array(values.astype(np.int64, copy=False))


def list_column(
    table: pa.Table, name: str, file: str, *, one_length: bool = False
) -> Jagged:
    """Read a list column of any Arrow list type, without touching its values.

    Args:
        table: Any table.
        name: The column.
        file: Where it comes from, for the message.
        one_length: Whether all lists must be equally long.

    Returns:
        The flat values (integers as int64 or uint64, floats in their own width), and
        ``[rows + 1]`` int64 offsets: row i holds ``values[offsets[i]:offsets[i + 1]]``.

    Raises:
        ValueError: If the column holds no lists of numbers, a list or a value is
            missing, or lengths differ and must not; it names file, column and the
            first five rows.
    """
    column, where = checked_column(table, name, "ids", file)
    lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    values = column.flatten()
    if not (is_any(values.type, NUMBERS) or len(values) == 0):
        raise ValueError(f"{where} holds lists of {values.type}; expected numbers")
    if values.null_count:
        empty = values.is_null().to_numpy(zero_copy_only=False)
        rows = rows_of(offsets, empty)
        _fail(f"{where} has empty values", rows, "fill them or drop the rows")
    if one_length and len(column):
        _one_length(offsets, where, "lists", "write lists of one length")
    return values.to_numpy(zero_copy_only=False), offsets


def matrix_column(table: pa.Table, name: str, file: str) -> np.ndarray:
    """Read a column of equally long lists of numbers.

    Args:
        table: Any table.
        name: The column.
        file: Where it comes from, for the message.

    Returns:
        ``[rows, length]`` of the column's value type; ``[rows, 0]`` where every list is
        empty.

    Raises:
        ValueError: As :func:`list_column`.
    """
    values, _ = list_column(table, name, file, one_length=True)
    return values.reshape(table.num_rows, -1 if values.size else 0)


def lists_of_rows(matrix: np.ndarray) -> pa.ListArray:
    """Turn a matrix of fewer than 2**31 numbers into lists, without a loop.

    Args:
        matrix: ``[n, d]`` of a numeric type; d may be 0, which gives empty lists.

    Returns:
        n lists of the matrix's type.
    """
    count, width = matrix.shape
    offsets = np.arange(count + 1, dtype=np.int32) * width
    return pa.ListArray.from_arrays(offsets, matrix.reshape(-1))


def id_list_column(
    table: pa.Table, name: str, file: str, *, padded_in_front: bool
) -> pa.LargeListArray:
    """Read lists of ids of one length, 0 being padding, and leave the padding out.

    Args:
        table: The file's table.
        name: The column.
        file: Where it comes from, for the message.
        padded_in_front: Whether the order counts, so that all padding must lie before
            the first id.

    Returns:
        Lists of int64 ids.

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
            f"{where} has values that are no ids",
            rows_of(offsets, broken),
            "expected whole numbers, 0 (padding) or above",
        )
    kept = values != 0
    if padded_in_front:
        grid = kept.reshape(len(offsets) - 1, width)
        rows = np.flatnonzero((grid[:, :-1] & ~grid[:, 1:]).any(axis=1))
        if rows.size:
            remedy = "histories are padded in front, the newest item last"
            _fail(f"{where} has padding (0) after an id", rows, remedy)
    return filter_lists(values, offsets, kept)


def filter_lists(
    values: np.ndarray, offsets: np.ndarray, kept: np.ndarray
) -> pa.LargeListArray:
    """Lists of the marked values alone, as int64.

    Args:
        values: Flat values.
        offsets: ``[rows + 1]`` int64; row i is ``values[offsets[i]:offsets[i + 1]]``.
        kept: Which values stay.
    """
    before = np.concatenate([[0], np.cumsum(kept, dtype=np.int64)])
    return pa.LargeListArray.from_arrays(
        before[offsets], values[kept].astype(np.int64, copy=False)
    )


def vector_column(
    table: pa.Table,
    name: str | None,
    file: str,
    item_ids: Sequence[object] | None = None,
) -> np.ndarray:
    """Read a column of vectors of one width.

    Args:
        table: The file's table.
        name: The column, which may be missing.
        file: Where it comes from, for the message.
        item_ids: Item of each row, for the message.

    Returns:
        ``[rows, width]`` float32; width 0 if there is no such column.

    Raises:
        ValueError: If widths differ or a value is not finite; it names the first five
            rows, and their items.
    """
    if name not in table.column_names:
        return np.zeros((table.num_rows, 0), np.float32)
    where = f"{file}: column '{name}'"
    values, offsets = list_column(table, name, file)
    remedy = "compute these vectors again or drop the rows"
    width = _one_length(offsets, where, "vectors", remedy)
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, see below
        values = values.astype(np.float32, copy=False)
    infinite = ~np.isfinite(values)
    if infinite.any():
        rows = rows_of(offsets, infinite)
        items = f" (item_id {[item_ids[row] for row in rows[:5]]})" if item_ids else ""
        _fail(f"{where} has NaN or infinite values", rows, remedy, items)
    return values.reshape(len(offsets) - 1, width)


def _is_inexact(values: np.ndarray) -> np.ndarray:
    """Where a number is not whole, or too big to be exact."""
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


def rows_of(offsets: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The rows that the marked flat values are in, ascending, each once."""
    rows = np.searchsorted(offsets, np.flatnonzero(places), side="right") - 1
    return np.unique(rows)


def _fail(what: str, rows: np.ndarray, remedy: str, more: str = "") -> NoReturn:
    raise ValueError(f"{what} in rows {rows[:5].tolist()}{more}; {remedy}")
