"""Changes to columns of parquet files."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

Change = Callable[[pa.Table], pa.Table]


def replaced(column: str, values: Callable[[list], object]) -> Change:
    """The table with a column made of its old values."""

    def change(table: pa.Table) -> pa.Table:
        place = table.column_names.index(column)
        new = values(table[column].to_pylist())
        return table.set_column(
            place, column, new if isinstance(new, pa.Array) else [new]
        )

    return change


def first(value: object) -> Callable[[list], list]:
    """The first two rows hold the value."""
    return lambda old: [value, value, *old[2:]]


def first_vector(number: float) -> Callable[[list], list]:
    """So do the second numbers of the first two vectors."""
    return lambda old: [[v[0], number, *v[2:]] for v in old[:2]] + old[2:]


def rewrite(path: Path, change: Change) -> None:
    pq.write_table(change(pq.read_table(path)), path)
