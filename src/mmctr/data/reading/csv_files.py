"""CSV and TSV files, packed by gzip or not."""

import re
from collections.abc import Collection, Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from mmctr.data.reading.damage import SEPARATORS, fail
from mmctr.data.reading.location import RawTable

_HEAD = 1 << 16
_COMMA = re.compile(rb'"?-?\d+,\d+"?')
# Digits in groups of three; 1,250 may be one and a quarter too, so it stays text.
_GROUPED = re.compile(rb'"?-?[1-9]\d{0,2}(,\d{3})+"?')
_POINT = re.compile(rb'"?-?\d+\.\d+"?')
_CSV_PROBLEM = re.compile(r"In CSV column #(\d+)")
# What Arrow tries for all of a column, until one fits.
_KINDS = (
    pa.null(),
    pa.int64(),
    pa.bool_(),
    pa.date32(),
    pa.time32("s"),
    pa.timestamp("s"),
    pa.timestamp("ns"),
    pa.float64(),
    pa.string(),
)


def csv_schema(table: RawTable, file: str) -> pa.Schema:
    """Give names and types of a file's columns, by its first rows."""
    return _csv_reader(table, file).schema


def _csv_reader(
    table: RawTable, file: str, convert: pa_csv.ConvertOptions | None = None
) -> pa_csv.CSVStreamingReader:
    try:
        return _open(table, file, convert)
    except (pa.ArrowException, OSError) as error:
        fail(table, file, error)


def _open(
    table: RawTable, file: str, convert: pa_csv.ConvertOptions | None
) -> pa_csv.CSVStreamingReader:
    return pa_csv.open_csv(
        _stream(table, file),
        parse_options=_parse_options(table, file),
        read_options=pa_csv.ReadOptions(block_size=_HEAD * 16),
        convert_options=convert or _convert(table, file),
    )


def first_csv_rows(table: RawTable, names: list[str]) -> pa.Table:
    """Read columns of the first file's first rows, about a megabyte of it."""
    file = table.files[0]
    try:
        batch = _csv_reader(table, file).read_next_batch()
    except (pa.ArrowException, OSError, StopIteration) as error:
        fail(table, file, Exception(str(error)))
    return pa.Table.from_batches([batch]).select(names)


def scan_csv(
    table: RawTable, file: str, names: list[str], texts: Collection[str]
) -> tuple[pa.Schema, int]:
    """Tell a file's types, by all of its rows, and count these; few are in memory.

    Args:
        table: The table that it belongs to.
        file: The file, as the file system has it.
        names: Columns to look at; those that it has.
        texts: Columns that stay text.

    Returns:
        The types that :func:`read_csv` gives the columns, and the number of rows.

    Raises:
        ValueError: If it is no whole file of this form.
    """
    head = csv_schema(table, file)
    kinds = {name: pa.string() for name in texts}
    while True:
        try:
            convert = _convert(table, file, names, head.names, kinds)
            reader = _open(table, file, convert)
            return reader.schema, sum(batch.num_rows for batch in reader)
        except pa.ArrowException as error:
            match = _CSV_PROBLEM.match(str(error))
            column = head.field(int(match[1])) if match else pa.field("", pa.string())
            kind = kinds.get(column.name, column.type)
            if kind == pa.string():
                fail(table, file, error)
            place = _KINDS.index(kind) if kind in _KINDS else -2
            kinds[column.name] = _KINDS[place + 1]
        except OSError as error:
            fail(table, file, error)


def csv_batches(
    table: RawTable, file: str, schema: pa.Schema, texts: Collection[str]
) -> Iterator[pa.Table]:
    """Read a file's rows, about a megabyte at a time.

    Args:
        table: The table that it belongs to.
        file: The file, as the file system has it.
        schema: Of the columns to read, from :func:`scan_csv`.
        texts: Columns that stay text.
    """
    there = csv_schema(table, file).names
    kinds = {field.name: field.type for field in schema}
    try:
        convert = _convert(table, file, schema.names, there, kinds)
        for batch in _csv_reader(table, file, convert):
            yield _with_missing(pa.Table.from_batches([batch]), texts)
    except (pa.ArrowException, OSError) as error:
        fail(table, file, error)


def _convert(
    table: RawTable,
    file: str,
    names: Collection[str] = (),
    there: Collection[str] = (),
    kinds: dict[str, pa.DataType] | None = None,
) -> pa_csv.ConvertOptions:
    """How texts become values, of the columns ``names`` that are there, or of all."""
    return pa_csv.ConvertOptions(
        column_types=kinds,
        include_columns=[name for name in names if name in there],
        decimal_point=_decimal_point(table, file),
    )


def _decimal_point(table: RawTable, file: str) -> str:
    """A comma where the first rows hold numbers such as 12,5 and none such as 12.5."""
    separator = _parse_options(table, file).delimiter
    if separator == ",":
        return "."
    with _stream(table, file) as stream:
        head = re.split(rb"[\r\n]+", stream.read(_HEAD))[1:-1]
    cells = [cell for line in head for cell in line.split(separator.encode())]
    has_comma = any(
        _COMMA.fullmatch(cell) and not _GROUPED.fullmatch(cell) for cell in cells
    )
    return "," if has_comma and not any(map(_POINT.fullmatch, cells)) else "."


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
                convert_options=_convert(table, file, names, there, kinds),
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
