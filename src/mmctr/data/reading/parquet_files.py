"""Parquet files, alone or in folders with hive partitions."""

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pa_dataset
import pyarrow.parquet as pq

from mmctr.data.reading.damage import fail
from mmctr.data.reading.location import RawTable

_RANGE = b"range"


def parquet_schema(table: RawTable) -> pa.Schema:
    """Give names and types of the columns of all files, partitions included.

    A column of row numbers that pandas left out, as its values are a range, is there.

    Raises:
        ValueError: If a file is damaged or does not fit the others.
    """
    schemas = {}
    for file in table.files:
        try:
            schemas[file] = pq.read_schema(file, filesystem=table.arrow_filesystem)
        except Exception as error:  # Arrow raises many kinds at damaged bytes
            fail(table, file, error)
    schema = unify_schemas(table, schemas)
    if table.folder is None:
        return _with_row_index(schema, schemas[table.files[0]])
    partitions = open_dataset(table, None).schema
    for name in partitions.names:
        if name not in schema.names:
            schema = schema.append(partitions.field(name))
    return schema


def unify_schemas(table: RawTable, schemas: dict[str, pa.Schema]) -> pa.Schema:
    """Give one schema for several files of a table.

    Raises:
        ValueError: If two have a column of types that don't fit.
    """
    first, *others = schemas
    schema = schemas[first].remove_metadata()
    if len(set(schema.names)) < len(schema.names):
        return schema
    for file in others:
        try:
            schema = pa.unify_schemas(
                [schema, schemas[file].remove_metadata()], promote_options="permissive"
            )
        except (pa.ArrowException, ValueError) as error:
            raise ValueError(
                f"{table.label(file)} does not fit {table.label(first)}: {error}; "
                "write all files with the same columns and types"
            ) from error
    return schema


def open_dataset(table: RawTable, schema: pa.Schema | None) -> pa_dataset.Dataset:
    """Open all files of a table; what is read of them is compared with checksums."""
    options = pa_dataset.ParquetFragmentScanOptions(page_checksum_verification=True)
    return pa_dataset.dataset(
        list(table.files),
        schema=schema,
        format=pa_dataset.ParquetFileFormat(default_fragment_scan_options=options),
        filesystem=table.arrow_filesystem,
        partitioning="hive" if table.folder else None,
        partition_base_dir=table.folder,
    )


def first_parquet_rows(
    table: RawTable, schema: pa.Schema, names: list[str], rows: int
) -> pa.Table:
    """Read columns of the first rows; see :func:`read_parquet`."""
    try:
        return open_dataset(table, schema).head(rows, columns=names)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{table.place}: {error}") from error


def read_parquet(table: RawTable, schema: pa.Schema, names: list[str]) -> pa.Table:
    """Read columns of all files, in the files' order.

    Args:
        table: Its files.
        schema: From :func:`parquet_schema`.
        names: Columns to read.

    Raises:
        ValueError: If a file is damaged.
    """
    ranges = row_ranges(schema)
    stored = pa.schema([field for field in schema if field.name not in ranges])
    try:
        rows = open_dataset(table, stored).to_table(
            columns=[name for name in names if name not in ranges]
        )
        rows.validate(full=True)  # finds lengths and text that were written over
    except Exception as error:  # Arrow raises many kinds at damaged bytes
        fail(table, _damaged(table), error)
    for name in [x for x in names if x in ranges]:
        rows = rows.append_column(name, pa.array(np.array(ranges[name])))
    return rows.select(names)


def row_ranges(schema: pa.Schema) -> dict[str, range]:
    """Columns of row numbers that the files do not hold, by name."""
    return {
        field.name: range(*map(int, field.metadata[_RANGE].split()))
        for field in schema
        if field.metadata and _RANGE in field.metadata
    }


def _damaged(table: RawTable) -> str:
    """The first file that can't be read as a whole; the first of all if each can."""
    for file in table.files:
        try:
            pq.ParquetFile(
                file,
                filesystem=table.arrow_filesystem,
                page_checksum_verification=True,
            ).read().validate(full=True)
        except Exception:  # as above
            return file
    return table.files[0]


def count_rows(table: RawTable) -> int:
    """Count the rows by the files' metadata."""
    return sum(
        pq.read_metadata(file, filesystem=table.arrow_filesystem).num_rows
        for file in table.files
    )


def _with_row_index(schema: pa.Schema, held: pa.Schema) -> pa.Schema:
    for index in (held.pandas_metadata or {}).get("index_columns", []):
        if isinstance(index, dict) and index.get("name"):
            ends = f"{index['start']} {index['stop']} {index['step']}"
            field = pa.field(index["name"], pa.int64(), metadata={_RANGE: ends})
            schema = schema.append(field)
    return schema
