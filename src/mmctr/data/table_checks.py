"""Tables between pipelines held to their contracts, when saved and when loaded."""

from collections.abc import Sequence
from copy import deepcopy
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
from pandera.pandas import DataFrameSchema

from mmctr.data.columns import list_column
from mmctr.data.contracts import ANY_CODES, CONTRACTS, IN_ORDER, codes_columns
from mmctr.data.raw_schemas import frame_problems, names_of, property_of

# Flat values checked at a time: pandera makes copies.
_VALUES = 1 << 22

# Types with empty values of their own, so that a whole column is not taken for floats.
_NULLABLE = {
    pa.int8(): pd.Int8Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
}


def check_table(
    table: pa.Table, contract: str, file: str, *, may_be_empty: bool = False
) -> None:
    """Check a table that is handed from one pipeline to another.

    Args:
        table: The table; columns that the contract lacks are not checked.
        contract: Name of its contract, a key of :data:`mmctr.data.contracts.CONTRACTS`.
        file: Where it is or will be, for the message.
        may_be_empty: Whether it may have no row.

    Raises:
        ValueError: Naming file, columns, the first five rows of each that fail, and
            the rule.
    """
    schema = _for_table(CONTRACTS[contract], table.column_names)
    there = [name for name in schema.columns if name in table.column_names]
    problems = [
        f"column '{name}' is missing"
        for name, column in schema.columns.items()
        if column.required and name not in there
    ]
    if not table.num_rows and not may_be_empty:
        problems.append("no rows")
    scalars = [name for name in names_of(schema, lists=False) if name in there]
    problems += _scalar_problems(table.select(scalars), schema.select_columns(scalars))
    for name in names_of(schema, lists=True):
        if name in there:
            problems += _list_problems(table, name, schema, file)
    if problems:
        raise ValueError(f"{file}: {'; '.join(problems)}")


def _for_table(schema: DataFrameSchema, names: Sequence[str]) -> DataFrameSchema:
    """The schema with every column that stands for any number of them."""
    columns = {}
    for key, column in schema.columns.items():
        found = codes_columns(names).values() if key == ANY_CODES else [key]
        columns |= {name: deepcopy(column) for name in found}
    return DataFrameSchema(columns)


def _scalar_problems(table: pa.Table, schema: DataFrameSchema) -> list[str]:
    """Problems of columns of one value per row, of the first rows that have any."""
    of_columns = any(
        column.unique or any(check.name == IN_ORDER for check in column.checks)
        for column in schema.columns.values()
    )
    step = max(table.num_rows, 1) if of_columns else _VALUES
    for start in range(0, max(table.num_rows, 1), step):
        frame = table.slice(start, step).to_pandas(types_mapper=_NULLABLE.get)
        if found := frame_problems(frame, schema, start.__add__):
            return found
    return []


def _list_problems(
    table: pa.Table, name: str, schema: DataFrameSchema, file: str
) -> list[str]:
    one_length = property_of(schema.columns[name], "lists") == "one"
    try:
        values, offsets = list_column(table, name, file, one_length=one_length)
    except ValueError as error:
        return [str(error).removeprefix(f"{file}: ")]
    for start in range(0, max(len(values), 1), _VALUES):
        frame = pd.DataFrame({name: values[start : start + _VALUES]})
        row_of = partial(_row_of, offsets, start)
        if found := frame_problems(frame, schema.select_columns([name]), row_of):
            return found
    return []


def _row_of(offsets: np.ndarray, start: int, place: int) -> int:
    """From a place among flat values, counted from ``start``, to its list's row."""
    return int(np.searchsorted(offsets, start + place, side="right")) - 1
