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


def is_any(found: pa.DataType, checks: Sequence[Callable[..., bool]]) -> bool:
    """Whether one of the checks of an Arrow type holds."""
    return any(check(found) for check in checks)


def is_list(found: pa.DataType) -> bool:
    """Whether it is any of Arrow's list types."""
    return is_any(found, _LISTS)


@dataclass(frozen=True)
class Kind:
    """What a column of a raw file may be.

    Attributes:
        words: In words, for messages.
        checks: Checks of its Arrow type, of which one must hold.
        dtype: Type of the values that readers give; None for the file's own.
        may_be_empty: Whether rows may have no value.
        is_list: Whether its rows hold lists.
    """

    words: str
    checks: tuple[Callable[..., bool], ...]
    dtype: str | None
    may_be_empty: bool = False
    is_list: bool = False


_LIST = "a list in every row"

KINDS = {
    "integer": Kind("whole numbers", NUMBERS, "int64"),
    "count": Kind("numbers", NUMBERS, "float64", may_be_empty=True),
    "text": Kind("text", (*TEXTS, _types.is_null), "str", may_be_empty=True),
    "id": Kind("whole numbers or text", (*NUMBERS, *TEXTS), None),
    "ids": Kind(_LIST, _LISTS, "int64", is_list=True),
    "vectors": Kind(_LIST, _LISTS, "float32", is_list=True),
    "tags": Kind(
        "a tag or a list of tags",
        (*_LISTS, *TEXTS, *NUMBERS, _types.is_null),
        "str",
        may_be_empty=True,
        is_list=True,
    ),
}
"""By the name that :func:`mmctr.data.raw_schemas.raw_column` gives it."""


def type_problem(found: pa.DataType, kind: str) -> str | None:
    """Compare a column's Arrow type with the kind that it should have.

    Args:
        found: The type.
        kind: A key of :data:`KINDS`.

    Returns:
        What is wrong and what to do; None if the type fits.
    """
    if is_any(found, KINDS[kind].checks):
        return None
    return f"is {found}; expected {KINDS[kind].words}, convert the column"
