"""What checks of columns share: how rows are named, and values as text."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_TRUTHS = {True: ("true", "yes", "on"), False: ("false", "no", "off")}


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
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
        whole = pc.equal(pc.floor(column), column)
        if pc.all(pc.fill_null(whole, True)).as_py():
            column = column.cast(pa.int64(), safe=False)
    return column.cast(pa.string())


def texts_of(value: bool | str | int) -> list[str]:
    """Texts that a parameter's value may stand for: YAML makes `yes` a truth value."""
    if not isinstance(value, bool):
        return [str(value)]
    return [form for x in _TRUTHS[value] for form in (x, x.title(), x.upper())]
