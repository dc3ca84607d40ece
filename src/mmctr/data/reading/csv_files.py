"""CSV and TSV files, packed by gzip or not."""

import re
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from mmctr.data.reading.damage import SEPARATORS, fail
from mmctr.data.reading.location import RawTable

_HEAD = 1 << 16
_CSV_PROBLEM = re.compile(r"In CSV column #(\d+)")


def csv_schema(table: RawTable, file: str) -> pa.Schema:
    """Give names and types of a file's columns, by its first rows."""
    return _csv_reader(table, file).schema


def _csv_reader(table: RawTable, file: str) -> pa_csv.CSVStreamingReader:
    try:
        return pa_csv.open_csv(
            _stream(table, file),
            parse_options=_parse_options(table, file),
            read_options=pa_csv.ReadOptions(block_size=_HEAD * 16),
        )
    except (pa.ArrowException, OSError) as error:
        fail(table, file, error)


def first_csv_rows(table: RawTable, names: list[str]) -> pa.Table:
    """Read columns of the first file's first rows, about a megabyte of it."""
    file = table.files[0]
    try:
        batch = _csv_reader(table, file).read_next_batch()
    except (pa.ArrowException, OSError, StopIteration) as error:
        fail(table, file, Exception(str(error)))
    return pa.Table.from_batches([batch]).select(names)


def read_csv(
    table: RawTable, file: str, names: list[str], texts: Collection[str]
) -> pa.Table:
    """Read columns of a file; a column with a text anywhere is text.

    Args:
        table: The table that it belongs to.
        file: The file, as the file system has it.
        names: Columns to read; those that it has.
        texts: Columns that stay text.

    Raises:
        ValueError: If it is no whole file of this form.
    """
    there = csv_schema(table, file).names
    kinds = {name: pa.string() for name in texts}
    for _ in range(len(there) + 1):
        try:
            found = pa_csv.read_csv(
                _stream(table, file),
                parse_options=_parse_options(table, file),
                convert_options=pa_csv.ConvertOptions(
                    column_types=kinds,
                    include_columns=[name for name in names if name in there],
                ),
            )
            return _with_missing(found, texts)
        except pa.ArrowException as error:
            match = _CSV_PROBLEM.match(str(error))
            name = there[int(match[1])] if match else None
            if name is None or name in kinds:
                fail(table, file, error)
            kinds[name] = pa.string()
        except OSError as error:
            fail(table, file, error)
    raise AssertionError("each round turns another column into text")


def _with_missing(found: pa.Table, texts: Collection[str]) -> pa.Table:
    """Empty text as null, as other forms have it; but for the columns of ``texts``."""
    for place, name in enumerate(found.column_names):
        column = found[name]
        if pa.types.is_string(column.type) and name not in texts:
            filled = pc.if_else(pc.equal(column, ""), None, column)
            found = found.set_column(place, name, filled)
    return found


def _stream(table: RawTable, file: str) -> pa.NativeFile:
    compression = "gzip" if file.endswith(".gz") else None
    return table.arrow_filesystem.open_input_stream(file, compression=compression)


def _parse_options(table: RawTable, file: str) -> pa_csv.ParseOptions:
    """A tab in .tsv; elsewhere what the header has most of."""
    with _stream(table, file) as stream:
        header = stream.read(_HEAD).split(b"\n")[0].decode("utf-8", "replace")
    separator = max(SEPARATORS, key=header.count)
    if ".tsv" in table.ending or not header.count(separator):
        separator = "\t" if ".tsv" in table.ending else ","
    return pa_csv.ParseOptions(delimiter=separator, newlines_in_values=True)
