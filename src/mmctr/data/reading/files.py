"""Schemas and rows of a table's files, whatever their form."""

import re
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.reading.csv_files import csv_schema, read_csv
from mmctr.data.reading.location import RawTable
from mmctr.data.reading.parquet_files import (
    parquet_schema,
    read_parquet,
    unify_schemas,
)

# Columns that pandas writes for the numbers of rows.
_ROW_NUMBERS = re.compile(r"__index_level_\d+__|Unnamed: \d+|")


def read_schema(table: RawTable) -> pa.Schema:
    """Give names and types of a table's columns; no row is read.

    Args:
        table: Its files.

    Returns:
        The schema of all files together, partition columns included; types of CSV are
        those of the first rows.

    Raises:
        ValueError: If a file is damaged, empty or of another form, files don't fit
            each other, or a name occurs twice; it names the file.
    """
    if table.is_typed:
        schema = parquet_schema(table)
    else:
        schema = unify_schemas(
            table, {file: csv_schema(table, file) for file in table.files}
        )
    if problem := repeated_columns(schema.names, table.place):
        raise ValueError(problem)
    return schema


def repeated_columns(names: list[str], place: str) -> str | None:
    """Say which columns a file has more than once; None without any.

    Args:
        names: All of the file's columns.
        place: The file, for the message.
    """
    repeated = sorted({x for x in names if names.count(x) > 1})
    if not repeated:
        return None
    return (
        f"{place}: columns {repeated} occur more than once; it has "
        f"{', '.join(names)}; rename or drop one of each"
    )


def is_row_number(name: str) -> bool:
    """Whether a column only numbers the rows, as pandas writes its index."""
    return _ROW_NUMBERS.fullmatch(name) is not None


def read_columns(
    table: RawTable, schema: pa.Schema, names: list[str], texts: Collection[str]
) -> pa.Table:
    """Read columns of all files of a table, in the files' order.

    Args:
        table: Its files.
        schema: From :func:`read_schema`.
        names: Columns to read.
        texts: Columns that stay text where the file gives no type.

    Returns:
        The columns, dictionaries and runs decoded.

    Raises:
        ValueError: If a file is damaged or there is no row; it names the file.
    """
    if table.is_typed:
        rows = read_parquet(table, schema, names)
    else:
        parts = [read_csv(table, file, names, texts) for file in table.files]
        try:
            rows = pa.concat_tables(parts, promote_options="permissive")
        except pa.ArrowException as error:
            raise ValueError(f"{table.place}: {error}") from error
    if not rows.num_rows:
        raise ValueError(f"{table.place}: no rows; write the file again")
    for place, field in enumerate(rows.schema):
        rows = rows.set_column(place, field.name, decoded(rows[field.name]))
    return rows


def table_size(table: RawTable) -> int:
    """Size of the files in bytes."""
    return sum(int(table.filesystem.size(file) or 0) for file in table.files)


def decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values of dictionaries and of runs."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column.cast(kind.value_type)
    if pa.types.is_run_end_encoded(kind):
        chunks = [pc.run_end_decode(chunk) for chunk in column.chunks]
        return pa.chunked_array(chunks, kind.value_type)
    return column
