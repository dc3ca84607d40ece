"""What a column of a raw file may hold: kinds of Arrow types."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

_types = pa.types
_LISTS = (
    _types.is_list,
    _types.is_large_list,
    _types.is_fixed_size_list,
    _types.is_list_view,
    _types.is_large_list_view,
)
TEXTS = (_types.is_string, _types.is_large_string, _types.is_string_view)
NUMBERS = (_types.is_integer, _types.is_floating)
TIMES = (_types.is_timestamp, _types.is_date)

_BYTES = (
    _types.is_binary,
    _types.is_large_binary,
    _types.is_fixed_size_binary,
    _types.is_binary_view,
)
# Floats that do not hold seconds exactly.
_COARSE = (_types.is_float16, _types.is_float32)
_ID = (*NUMBERS, _types.is_decimal, *TEXTS)
_TAG = (*NUMBERS, *TEXTS, _types.is_null)


def is_any(found: pa.DataType, checks: Sequence[Callable[..., bool]]) -> bool:
    """Whether one of the checks of an Arrow type holds."""
    return any(check(found) for check in checks)


def is_list(found: pa.DataType) -> bool:
    """Whether it is any of Arrow's list types."""
    return is_any(found, _LISTS)


def value_type(found: pa.DataType) -> pa.DataType:
    """The type of what a dictionary or runs hold; others are their own."""
    encoded = _types.is_dictionary(found) or _types.is_run_end_encoded(found)
    return found.value_type if encoded else found


@dataclass(frozen=True)
class Kind:
    """What a column of a raw file may be.

    Attributes:
        words: In words, for messages.
        fits: Check of its Arrow type.
        dtype: Type of the values that readers give; None for the file's own.
        may_be_empty: Whether rows of files that have one form may have no value.
    """

    words: str
    fits: Callable[[pa.DataType], bool]
    dtype: str | None = None
    may_be_empty: bool = False


KINDS = {
    "integer": Kind("whole numbers", lambda t: is_any(t, NUMBERS), "int64"),
    "id": Kind("whole numbers or text", lambda t: is_any(t, _ID)),
    "ids": Kind("a list in every row", is_list, "int64"),
    "id or ids": Kind(
        "whole numbers or text, or lists of these",
        lambda t: is_any(t.value_type if is_list(t) else t, (*_ID, _types.is_null)),
    ),
    "time": Kind(
        "unix time (whole numbers or float64), timestamps, dates or text",
        lambda t: is_any(t, (*_ID, *TIMES)) and not is_any(t, _COARSE),
    ),
    "label": Kind(
        "0 and 1, a number or text", lambda t: is_any(t, (*_ID, _types.is_boolean))
    ),
    "text": Kind(
        "text",
        lambda t: is_any(t, (*TEXTS, _types.is_null)),
        "str",
        may_be_empty=True,
    ),
    "text or what becomes it": Kind(
        "text", lambda t: is_any(t, (*_ID, _types.is_boolean, _types.is_null))
    ),
    "count": Kind(
        "numbers",
        lambda t: is_any(t, (*NUMBERS, _types.is_decimal, _types.is_null)),
        "float64",
    ),
    "tags": Kind(
        "a text, or a list of texts or numbers",
        lambda t: is_any(value_type(t.value_type) if is_list(t) else t, _TAG),
        "str",
        may_be_empty=True,
    ),
    "vectors": Kind(
        "a list of numbers in every row",
        lambda t: is_list(t) and is_any(t.value_type, NUMBERS),
        "float32",
    ),
}
"""By the name that a schema or a role of a log's column gives it."""


def type_problem(found: pa.DataType, kind: str) -> str | None:
    """Compare a column's Arrow type with the kind that it should have.

    Args:
        found: The type in the file.
        kind: A key of :data:`KINDS`.

    Returns:
        What is wrong and what to do; None if the type fits.
    """
    words, held = KINDS[kind].words, value_type(found)
    if KINDS[kind].fits(held):
        return None
    if _types.is_null(held):
        return f"has no value in any row; expected {words}: write the file again"
    remedy = "convert the column"
    if is_any(held, _BYTES):
        remedy = "write the bytes as text"
        if kind == "id":
            remedy += ", in hexadecimal for instance"
    elif kind == "time" and is_any(held, _COARSE):
        remedy = f"{held} does not hold seconds exactly; write float64 or int64"
    elif kind == "count" and is_any(held, TEXTS):
        remedy = "write numbers, without separators of thousands"
    elif kind == "vectors":
        remedy = "write each vector as one flat list of numbers"
    elif kind == "tags" and is_list(held):
        remedy = "write the names alone"
    return f"is {held}; expected {words}: {remedy}"
