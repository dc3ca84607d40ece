"""The tables that cross the border of the project, and how their errors read."""

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.compute as pc
from pandera.errors import SchemaErrors

MAX_LEVEL = 10
"""Popularity levels run from 0 to this number."""

_ID = pandera.Column(nullable=False)
_LEVEL = pandera.Column(checks=pandera.Check.in_range(0, MAX_LEVEL), nullable=False)

INTERACTIONS = pandera.DataFrameSchema(
    {
        "user_id": _ID,
        "item_id": _ID,
        "timestamp": pandera.Column(
            "int64", checks=pandera.Check.ge(0), nullable=False
        ),
    }
)

ITEMS = pandera.DataFrameSchema(
    {
        "item_id": pandera.Column(nullable=False, unique=True),
        "title": pandera.Column(str, nullable=False),
        "likes": pandera.Column(
            float, checks=pandera.Check.ge(0), nullable=False, required=False
        ),
        "views": pandera.Column(
            float, checks=pandera.Check.ge(0), nullable=False, required=False
        ),
    }
)

CHALLENGE_ITEMS = pandera.DataFrameSchema(
    {
        "item_id": pandera.Column(
            "int64", checks=pandera.Check.ge(1), nullable=False, unique=True
        ),
        "item_title": pandera.Column(str, nullable=False),
        "likes_level": _LEVEL,
        "views_level": _LEVEL,
    }
)

CHALLENGE_ROWS = pandera.DataFrameSchema(
    {
        "user_id": pandera.Column(nullable=False),
        "item_id": pandera.Column("int64", checks=pandera.Check.ge(1), nullable=False),
        "likes_level": _LEVEL,
        "views_level": _LEVEL,
        "label": pandera.Column(
            "int64", checks=pandera.Check.isin([0, 1]), nullable=False, required=False
        ),
    }
)


def check_frame(
    frame: pd.DataFrame, schema: pandera.DataFrameSchema, file: str
) -> None:
    """Check a table read from a file.

    Args:
        frame: The table.
        schema: What it must look like.
        file: Where it comes from, for the message.

    Raises:
        ValueError: Naming file, column, the check, and the first five rows that fail
            it.
    """
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        lines = [
            _explain(str(column), str(check), group)
            for (column, check), group in cases.groupby(
                [cases["column"].fillna("table"), "check"], sort=False
            )
        ]
        raise ValueError(f"{file}: " + "; ".join(lines)) from None


def _explain(column: str, check: str, cases: pd.DataFrame) -> str:
    if check == "column_in_dataframe":
        return f"column '{cases['failure_case'].iloc[0]}' is missing"
    if check == "not_nullable":
        return (
            f"column '{column}' has empty values in {_rows(cases)}; fill or drop them"
        )
    if check == "field_uniqueness":
        return (
            f"column '{column}' has repeated values in {_rows(cases)}; "
            "keep one row for each"
        )
    if check.startswith("dtype"):
        return f"column '{column}' is {cases['failure_case'].iloc[0]}, wanted {check}"
    values = ", ".join(str(value) for value in cases["failure_case"].head(5))
    return f"column '{column}' fails {check} in {_rows(cases)} (values {values})"


def _rows(cases: pd.DataFrame) -> str:
    rows = [int(row) for row in cases["index"].dropna().head(5)]
    more = len(cases) - len(rows)
    return f"rows {rows}" + (f" and {more} more" if more > 0 else "")


def require_columns(table: pa.Table, names: list[str], file: str) -> None:
    """Stop unless every column is there.

    Raises:
        ValueError: Naming the file, the missing columns and those that are there.
    """
    missing = [name for name in names if name not in table.column_names]
    if missing:
        raise ValueError(
            f"{file}: column {', '.join(repr(name) for name in missing)} is missing; "
            f"it has {', '.join(table.column_names)}"
        )


def integer_column(table: pa.Table, name: str, file: str) -> np.ndarray:
    """Read a column of whole numbers of any integer or float width.

    Returns:
        ``[rows]`` int64.

    Raises:
        ValueError: Naming file, column and the first five rows that are empty or hold
            no
            whole number.
    """
    return _as_integers(table[name].combine_chunks(), f"{file}: column '{name}'")


def list_column(table: pa.Table, name: str, file: str) -> tuple[np.ndarray, np.ndarray]:
    """Read a list column of any Arrow list type, without touching its values.

    Returns:
        The flat values (whole numbers as int64, other numbers as float32), and
        ``[rows+1]`` int64 offsets: row i holds ``values[offsets[i]:offsets[i + 1]]``.

    Raises:
        ValueError: If the column holds no lists of numbers, or lists are missing; it
            names
            file, column and the first five rows.
    """
    where = f"{file}: column '{name}'"
    column = table[name].combine_chunks()
    kind = column.type
    is_list = (
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
    )
    if not is_list:
        raise ValueError(f"{where} is {kind}; a list in every row is wanted")
    if column.null_count:
        rows = np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))
        raise ValueError(f"{where} has no list in rows {rows[:5].tolist()}")
    lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    values = column.flatten()
    if values.null_count:
        places = np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))
        rows = np.unique(np.searchsorted(offsets, places, side="right") - 1)
        raise ValueError(f"{where} has empty values in rows {rows[:5].tolist()}")
    if pa.types.is_integer(values.type):
        return values.to_numpy(zero_copy_only=False).astype(np.int64), offsets
    if pa.types.is_floating(values.type):
        return values.to_numpy(zero_copy_only=False).astype(np.float32), offsets
    raise ValueError(f"{where} holds lists of {values.type}; numbers are wanted")


def id_list_column(
    table: pa.Table, name: str, file: str
) -> tuple[np.ndarray, np.ndarray]:
    """Read a list column of ids, 0 being padding, and leave the padding out.

    Returns:
        Flat int64 ids and ``[rows+1]`` offsets, as :func:`list_column`.

    Raises:
        ValueError: If a value is negative or no whole number; it names the first five
            rows.
    """
    values, offsets = list_column(table, name, file)
    broken = (values < 0) | (values != np.floor(values)) | ~np.isfinite(values)
    if broken.any():
        rows = np.unique(
            np.searchsorted(offsets, np.flatnonzero(broken), side="right") - 1
        )
        raise ValueError(
            f"{file}: column '{name}' must hold ids of 0 (padding) and above; "
            f"rows {rows[:5].tolist()} do not"
        )
    kept = values != 0
    before = np.concatenate([[0], np.cumsum(kept, dtype=np.int64)])
    return values[kept].astype(np.int64), before[offsets]


def vector_column(table: pa.Table, name: str, file: str) -> np.ndarray:
    """Read a column of vectors of one width.

    Returns:
        ``[rows, width]`` float32.

    Raises:
        ValueError: If widths differ or a value is not finite; it names the first five
            rows.
    """
    values, offsets = list_column(table, name, file)
    lengths = np.diff(offsets)
    width = int(np.bincount(lengths).argmax()) if lengths.size else 0
    rows = np.flatnonzero(lengths != width)
    if rows.size:
        raise ValueError(
            f"{file}: column '{name}' has vectors of width {width}, but rows "
            f"{rows[:5].tolist()} have {lengths[rows[:5]].tolist()}"
        )
    vectors = values.astype(np.float32, copy=False).reshape(len(lengths), width)
    rows = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if rows.size:
        raise ValueError(
            f"{file}: column '{name}' has NaN or infinite values in rows "
            f"{rows[:5].tolist()}; compute these vectors again or drop the items"
        )
    return vectors


def _as_integers(column: pa.Array, where: str) -> np.ndarray:
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise ValueError(f"{where} is {kind}; whole numbers are wanted")
    if column.null_count:
        rows = np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))
        raise ValueError(f"{where} is empty in rows {rows[:5].tolist()}")
    values = column.to_numpy(zero_copy_only=False)
    if pa.types.is_floating(kind):
        rows = np.flatnonzero(~np.isfinite(values) | (values != np.floor(values)))
        if rows.size:
            raise ValueError(
                f"{where} must hold whole numbers; rows {rows[:5].tolist()} hold "
                f"{values[rows[:5]].tolist()}"
            )
    return values.astype(np.int64)
