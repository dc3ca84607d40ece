"""Tables between pipelines held to their contracts, when saved and when loaded."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.contracts import CONTRACTS, TableContract
from mmctr.data.raw_schemas import frame_problems

# Flat values checked at a time: pandera makes copies.
_VALUES = 1 << 22

# Types with empty values of their own, so that a whole column is not taken for floats.
_NULLABLE = {
    pa.int8(): pd.Int8Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
}


def check_table(table: pa.Table, contract: str, file: str) -> None:
    """Check a table that is handed from one pipeline to another.

    Args:
        table: The table; columns that the contract lacks are not checked.
        contract: Name of its contract, a key of :data:`mmctr.data.contracts.CONTRACTS`.
        file: Where it is or will be, for the message.

    Raises:
        ValueError: Naming file, columns, the first five rows of each that fail, and
            the rule.
    """
    held = CONTRACTS[contract]
    names = [*held.scalars.columns, *held.lists.columns]
    there = [name for name in names if name in table.column_names]
    problems = [f"column '{name}' is missing" for name in names if name not in there]
    if not table.num_rows:
        problems.append("no rows")
    scalars = [name for name in held.scalars.columns if name in there]
    frame = table.select(scalars).to_pandas(types_mapper=_NULLABLE.get)
    problems += frame_problems(frame, held.scalars.select_columns(scalars))
    for name in held.lists.columns:
        if name in there:
            problems += _list_problems(table[name], held, name)
    if problems:
        raise ValueError(f"{file}: {'; '.join(problems)}")


def _list_problems(
    column: pa.ChunkedArray, held: TableContract, name: str
) -> list[str]:
    if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        return [f"column '{name}' is {column.type}, wanted a list in every row"]
    array = column.combine_chunks()
    if array.null_count:
        rows = np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))
        return [f"column '{name}' has empty values in rows {rows[:5].tolist()}"]
    lengths = pc.list_value_length(array).to_numpy(zero_copy_only=False)
    borders = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    if name in held.one_length and len(set(np.unique(lengths).tolist())) > 1:
        common = np.bincount(lengths).argmax()
        rows = np.flatnonzero(lengths != common)[:5]
        return [
            f"column '{name}' has lists of length {common}, but rows {rows.tolist()} "
            f"have {lengths[rows].tolist()}"
        ]
    schema = held.lists.select_columns([name])
    values = array.flatten()
    row_of = _row_of(borders, 0)
    if values.null_count:
        empty = np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))[:5]
        rows = list(dict.fromkeys(row_of(place) for place in empty))
        return [f"column '{name}' has lists with empty values in rows {rows}"]
    for start in range(0, max(len(values), 1), _VALUES):
        part = values.slice(start, _VALUES)
        found = frame_problems(
            pd.DataFrame({name: part.to_numpy(zero_copy_only=False)}),
            schema,
            _row_of(borders, start),
        )
        if found:
            return found
    return []


def _row_of(borders: np.ndarray, start: int) -> Callable[[int], int]:
    """From a place among flat values, counted from ``start``, to its list's row."""
    return lambda place: int(np.searchsorted(borders, start + place, side="right")) - 1
