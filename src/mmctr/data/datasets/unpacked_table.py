"""Tables too large for memory, whose columns are mapped files."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mmctr.runtime.mapped_files import MappedArrays
from mmctr.runtime.scratch import AT_ONCE, scratch_array

Pieces = Callable[[], Iterator[pa.Array]]

_MOST_OFFSETS = 2**31 - 1
# Bytes from which a column lies in a file: many of them are as large as a table.
_IN_FILE = 1 << 24


def unpacked_bytes(path: Path) -> int:
    """Bytes that the numbers of a parquet file take in memory, about."""
    with pq.ParquetFile(path) as file:
        groups = _groups(file)
        return 8 * sum(
            group.column(place).num_values
            for group in groups
            for place in range(group.num_columns)
        )


def unpacked_table(path: Path) -> pa.Table:
    """Read a parquet file column by column into temporary files, and map these.

    A column of numbers, or of lists of numbers, is one contiguous array in a file;
    others, such as text, are in memory. Lists with more than 2**31 values in all
    become large lists.

    Args:
        path: The file; its checksums are checked.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        fields, columns = [], []
        for field in file.schema_arrow:
            column = _column(file, field)
            fields.append(field.with_type(column.type))
            columns.append(column)
        schema = pa.schema(fields, file.schema_arrow.metadata)
        return pa.Table.from_arrays(columns, schema=schema)


def _groups(file: pq.ParquetFile) -> list[pq.RowGroupMetaData]:
    return [file.metadata.row_group(i) for i in range(file.num_row_groups)]


def joined_table(tables: Sequence[pa.Table], mapped_over_gb: float) -> pa.Table:
    """Put the rows of tables together, a large result in temporary files.

    Args:
        tables: With the same columns.
        mapped_over_gb: Gigabytes of their numbers from which columns lie in files.
    """
    if sum(table.nbytes for table in tables) <= mapped_over_gb * 1e9:
        return pa.concat_tables(tables)
    rows = sum(table.num_rows for table in tables)
    fields, columns = [], []
    for field in tables[0].schema:

        def pieces(name: str = field.name) -> Iterator[pa.Array]:
            for table in tables:
                for batch in table.select([name]).to_batches(AT_ONCE):
                    yield batch.column(0)

        def values(pieces: Pieces = pieces) -> int:
            return sum(len(piece.flatten()) for piece in pieces())

        columns.append(_in_files(pieces, field, rows, values))
        fields.append(field.with_type(columns[-1].type))
    schema = pa.schema(fields, tables[0].schema.metadata)
    return pa.Table.from_arrays(columns, schema=schema)


def _column(file: pq.ParquetFile, field: pa.Field) -> pa.Array | pa.ChunkedArray:
    def pieces() -> Iterator[pa.Array]:
        for group in range(file.num_row_groups):
            found = file.read_row_group(group, columns=[field.name])
            yield from found[field.name].chunks

    def values() -> int:
        # One leaf column, named after the list; the number counts empty lists too.
        return sum(
            group.column(place).num_values
            for group in _groups(file)
            for place in range(group.num_columns)
            if group.column(place).path_in_schema.startswith(f"{field.name}.list.")
        )

    return _in_files(pieces, field, file.metadata.num_rows, values)


def _in_files(
    pieces: Pieces, field: pa.Field, rows: int, values: Callable[[], int]
) -> pa.Array | pa.ChunkedArray:
    """A column of numbers, or of lists with so many ``values``, in files."""
    if _is_number(field.type):
        return _numbers(pieces, field.type, rows)
    if _is_jagged(field.type) and _is_number(field.type.value_type):
        found = _lists(pieces, field.type, rows, values())
        if found is not None:
            return found
    return pa.chunked_array(list(pieces()), field.type)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _is_jagged(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind)


def _numbers(pieces: Pieces, kind: pa.DataType, rows: int) -> pa.Array:
    values = scratch_array((rows,), kind.to_pandas_dtype(), _IN_FILE)
    mapped = MappedArrays([values])
    valid: np.ndarray | None = None
    row = 0
    for piece in pieces():
        own = slice(row, row + len(piece))
        if piece.null_count:
            valid = np.ones(rows, bool) if valid is None else valid
            valid[own] = piece.is_valid().to_numpy(zero_copy_only=False)
        values[own] = piece.fill_null(0).to_numpy()
        mapped.drop_pages()
        row += len(piece)
    bits = (
        None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    )
    return pa.Array.from_buffers(kind, rows, [bits, pa.py_buffer(values)])


def _lists(pieces: Pieces, kind: pa.DataType, rows: int, most: int) -> pa.Array | None:
    """Lists without empty ones and values that are missing; None if there are such."""
    is_large = most > _MOST_OFFSETS
    values = scratch_array((most,), kind.value_type.to_pandas_dtype(), _IN_FILE)
    offsets = scratch_array((rows + 1,), np.int64 if is_large else np.int32, _IN_FILE)
    mapped = MappedArrays([values, offsets])
    row = position = 0
    offsets[0] = 0
    for piece in pieces():
        flat = piece.flatten()
        if piece.null_count or flat.null_count:
            return None
        own = piece.offsets.to_numpy()
        offsets[row + 1 : row + len(own)] = own[1:] - own[0] + position
        values[position : position + len(flat)] = flat.to_numpy()
        mapped.drop_pages()
        row += len(piece)
        position += len(flat)
    child = pa.Array.from_buffers(
        kind.value_type, position, [None, pa.py_buffer(values)]
    )
    make = pa.large_list if is_large else pa.list_
    return pa.Array.from_buffers(
        make(kind.value_field), rows, [None, pa.py_buffer(offsets)], children=[child]
    )
