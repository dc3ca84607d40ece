"""What checks of columns share: their types by role, and how rows are named."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.column_kinds import TEXTS, TIMES, is_any, is_list

_types = pa.types
_WHOLE = (_types.is_integer, _types.is_decimal)
_FLOATS = (_types.is_floating,)
_BYTES = (
    _types.is_binary,
    _types.is_large_binary,
    _types.is_fixed_size_binary,
    _types.is_binary_view,
)
_ID = (*_WHOLE, *_FLOATS, *TEXTS)
_TAG = (_types.is_integer, *_FLOATS, *TEXTS, _types.is_null)

EXPECTED: dict[str, tuple[str, Callable[[pa.DataType], bool]]] = {
    "id": ("whole numbers or text", lambda t: is_any(t, _ID)),
    "ids": (
        "whole numbers or text, or lists of these",
        lambda t: is_any(t.value_type if is_list(t) else t, (*_ID, _types.is_null)),
    ),
    "time": (
        "unix time (whole numbers or float64), timestamps, dates or text",
        lambda t: is_any(t, (*_WHOLE, _types.is_float64, *TEXTS, *TIMES)),
    ),
    "label": (
        "0 and 1, a number or text",
        lambda t: is_any(t, (*_ID, _types.is_boolean)),
    ),
    "text": (
        "text",
        lambda t: is_any(t, (*_ID, _types.is_boolean, _types.is_null)),
    ),
    "count": ("numbers", lambda t: is_any(t, (*_WHOLE, *_FLOATS, _types.is_null))),
    "tags": (
        "a text, or a list of texts or numbers",
        lambda t: is_any(value_type(t.value_type) if is_list(t) else t, _TAG),
    ),
    "vectors": (
        "a list of numbers in every row",
        lambda t: is_list(t) and is_any(t.value_type, (_types.is_integer, *_FLOATS)),
    ),
}
"""By the kind of a role: what it may be in words, and a check of its Arrow type."""


def value_type(found: pa.DataType) -> pa.DataType:
    """The type of what a dictionary or runs hold; others are their own."""
    encoded = _types.is_dictionary(found) or _types.is_run_end_encoded(found)
    return found.value_type if encoded else found


def type_problem(found: pa.DataType, kind: str) -> str | None:
    """Compare a column's type with what its role needs.

    Args:
        found: The type in the file.
        kind: A key of :data:`EXPECTED`.

    Returns:
        What is wrong and what to do; None if it fits.
    """
    words, fits = EXPECTED[kind]
    held = value_type(found)
    if fits(held):
        return None
    if _types.is_null(held):
        return f"has no value in any row; expected {words}: write the file again"
    remedy = "convert the column"
    if is_any(held, _BYTES):
        remedy = "write the bytes as text"
        if kind == "id":
            remedy += ", in hexadecimal for instance"
    elif kind == "time" and is_any(held, _FLOATS):
        remedy = f"{held} does not hold seconds exactly; write float64 or int64"
    elif kind == "count" and is_any(held, TEXTS):
        remedy = "write numbers, without separators of thousands"
    elif kind == "vectors":
        remedy = "write each vector as one flat list of numbers"
    elif kind == "tags" and is_list(held):
        remedy = "write the names alone"
    return f"is {held}; expected {words}: {remedy}"


def first_rows(mask: pa.ChunkedArray | np.ndarray) -> str:
    """Count the marked rows and name the first five."""
    if isinstance(mask, pa.ChunkedArray):
        mask = pc.fill_null(mask, False).to_numpy()
    rows = np.flatnonzero(mask)
    more = f" and {rows.size - 5:,} more" if rows.size > 5 else ""
    return f"rows {rows[:5].tolist()}{more}"


def require_values(column: pa.ChunkedArray, where: str, remedy: str = "") -> None:
    """Check that no row is empty, null or NaN.

    Raises:
        ValueError: Naming column and rows.
    """
    empty = pc.is_null(column, nan_is_null=True)
    if pc.any(empty).as_py():
        raise ValueError(
            f"{where} is empty in {first_rows(empty)} (null or NaN); "
            f"fill them or drop the rows{remedy}"
        )


def replaced(
    table: pa.Table, name: str, values: pa.Array | pa.ChunkedArray
) -> pa.Table:
    """The table with other values in a column, at its place."""
    return table.set_column(table.column_names.index(name), name, values)


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Values as text, NaN as null; whole floats without fraction, as 3 for 3.0."""
    if is_any(column.type, _FLOATS):
        column = pc.if_else(pc.is_nan(column), None, column)
        whole = pc.equal(pc.floor(column), column)
        if pc.all(pc.fill_null(whole, True)).as_py():
            column = column.cast(pa.int64(), safe=False)
    return column.cast(pa.string())
