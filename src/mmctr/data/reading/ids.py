"""Ids of users and items: of any type, and of one type in all tables."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.column_kinds import TEXTS, is_any
from mmctr.data.reading.values import first_rows

_LIMIT = 2.0**63
_WHOLE_NUMBER = r"^(0|-?[1-9][0-9]{0,17})$"
_SHOWN = 3


@dataclass(frozen=True)
class IdColumn:
    """The ids of one table.

    Attributes:
        file: The table's file, for messages.
        values: int64 or string, without nulls.
        is_typed: Whether the file says if they are numbers or text.
    """

    file: str
    values: pa.ChunkedArray
    is_typed: bool

    @property
    def is_text(self) -> bool:
        """Whether they are text."""
        return not pa.types.is_integer(self.values.type)


def id_values(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    """Turn ids of any type into int64 or string.

    Args:
        column: Numbers or text; nulls stay.
        where: File and column, for messages.

    Returns:
        Whole numbers as int64, text as string.

    Raises:
        ValueError: If numbers are not whole or too big to be exact; it names rows.
    """
    kind = column.type
    if is_any(kind, TEXTS):
        return column.cast(pa.string())
    if pa.types.is_floating(kind):
        return _whole(column, where)
    try:
        return column.cast(pa.int64())
    except pa.ArrowException as error:
        wide = column.cast(pa.float64(), safe=False)
        # A decimal may also have a fraction.
        fits = pc.and_(pc.less(pc.abs(wide), _LIMIT), pc.equal(pc.floor(wide), wide))
        rows = pc.invert(fits)
        raise ValueError(
            f"{where} is {kind} and holds ids that int64 does not hold, "
            f"{first_rows(rows)}; write them as text"
        ) from error


def _whole(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    largest = float(2 ** (np.finfo(column.type.to_pandas_dtype()).nmant + 1))
    wide = column.cast(pa.float64())
    fits = pc.and_(pc.less_equal(pc.abs(wide), largest), pc.equal(pc.floor(wide), wide))
    # A NaN is a missing value.
    wrong = pc.and_not(pc.invert(fits), pc.is_null(wide, nan_is_null=True))
    if pc.any(wrong).as_py():
        held = wide.filter(wrong)[:5].to_pylist()
        raise ValueError(
            f"{where} must hold whole numbers that {column.type} and int64 hold "
            f"exactly; {first_rows(wrong)} hold {held}; write them as int64 or text"
        )
    missing = pc.is_null(wide, nan_is_null=True)
    return pc.if_else(missing, None, wide).cast(pa.int64())


def unify_ids(name: str, columns: list[IdColumn]) -> list[pa.ChunkedArray]:
    """Give the ids of several tables one type, so that they can be compared.

    Args:
        name: ``user_id`` or ``item_id``.
        columns: Of the log first.

    Returns:
        The values of each, all int64 or all string.

    Raises:
        ValueError: If some files hold numbers and others text; it compares them.
    """
    typed = [x for x in columns if x.is_typed]
    if not any(x.is_text for x in typed):
        columns = [x if x.is_typed else _as_numbers(x) for x in columns]
        if not typed and any(x.is_text for x in columns):
            columns = [replace(x, values=x.values.cast(pa.string())) for x in columns]
    numbers = [x for x in columns if not x.is_text]
    texts = [x for x in columns if x.is_text]
    if numbers and texts:
        raise ValueError(_types_differ(name, numbers[0], texts[0]))
    return [x.values for x in columns]


def _as_numbers(column: IdColumn) -> IdColumn:
    """Text of a file without types as numbers, where all of it is such."""
    texts = column.values
    is_number = pc.match_substring_regex(texts, _WHOLE_NUMBER)
    if not pc.all(is_number).as_py():
        return column
    return replace(column, values=texts.cast(pa.int64()))


def _types_differ(name: str, numbers: IdColumn, texts: IdColumn) -> str:
    as_text = pc.unique(numbers.values).cast(pa.string())
    distinct = pc.unique(texts.values)
    equal = int(pc.sum(pc.is_in(distinct, as_text)).as_py() or 0)
    stripped = pc.unique(pc.utf8_ltrim(distinct, "0"))
    unpadded = int(pc.sum(pc.is_in(stripped, as_text)).as_py() or 0)
    found = f"{equal:,} of {len(distinct):,} texts equal one of the numbers"
    if unpadded > equal:
        found = (
            f"{unpadded:,} of {len(distinct):,} texts equal one of the numbers without "
            "their leading zeros: zeros were lost where ids became numbers"
        )
    return (
        f"'{name}' is int64 in {numbers.file} ({_some(as_text)}) and text in "
        f"{texts.file} ({_some(distinct, quoted=True)}); {found}; write both as "
        "numbers or both as text"
    )


_FORMS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("spaces around them", str.strip),
    (
        "the Unicode form (NFC and NFD write the same letters in other bytes)",
        lambda text: unicodedata.normalize("NFC", text),
    ),
    ("leading zeros, lost on one side", lambda text: re.sub(r"^0+(?=.)", "", text)),
    ("upper and lower case", str.casefold),
)


def require_same_form(name: str, log: IdColumn, table: IdColumn) -> None:
    """Check that ids which the table lacks are not there in another form.

    Args:
        name: ``user_id`` or ``item_id``.
        log: The ids of the log.
        table: Those of the item or user table, of the same type.

    Raises:
        ValueError: If at least half of the log's ids that the table lacks are in it
            when one difference is overlooked: spaces, Unicode form, zeros or case.
    """
    if not log.is_text:
        return
    known, used = pc.unique(table.values), pc.unique(log.values)
    lacking = used.filter(pc.invert(pc.is_in(used, known))).to_pylist()
    if not lacking:
        return
    others = known.to_pylist()
    for what, change in _FORMS:
        changed = {change(x): x for x in others}
        pairs = [(x, changed[change(x)]) for x in lacking if change(x) in changed]
        if 2 * len(pairs) >= len(lacking):
            mine = ", ".join(ascii(x) for x, _ in pairs[:_SHOWN])
            theirs = ", ".join(ascii(x) for _, x in pairs[:_SHOWN])
            raise ValueError(
                f"'{name}': {len(lacking):,} of {len(used):,} ids of {log.file} are "
                f"not in {table.file}, and {len(pairs):,} of these differ by {what} "
                "alone: "
                f"{mine} in {log.file}, {theirs} in {table.file}; write them alike"
            )


def _some(ids: pa.Array | pa.ChunkedArray, *, quoted: bool = False) -> str:
    shown = ids[:_SHOWN].to_pylist()
    return ", ".join(repr(x) if quoted else str(x) for x in shown) + " ..."
