"""The first rows of a log's tables, to see what their columns hold."""

import pyarrow as pa

from mmctr.data.reading.csv_files import first_csv_rows
from mmctr.data.reading.files import decoded
from mmctr.data.reading.location import LogFolder
from mmctr.data.reading.params import ReadingParams
from mmctr.data.reading.parquet_files import first_parquet_rows
from mmctr.data.reading.tables import open_tables
from mmctr.data.reading.times import read_times


def sample_tables(
    path: str, image_column: str | None, params: ReadingParams, rows: int
) -> dict[str, pa.Table]:
    """Read the first rows of every table.

    Args:
        path: The log's folder.
        image_column: Column of ready image vectors, which is left out.
        params: How the tables are read.
        rows: Most rows of each; of CSV about the first megabyte.

    Returns:
        By the table's name, columns by the project's names.

    Raises:
        FileNotFoundError: If a table is missing.
        ValueError: If a table can't be read.
    """
    found: dict[str, pa.Table] = {}
    for name, table in open_tables(LogFolder(path), image_column, params).items():
        taken = dict(table.names.taken)
        taken.pop(image_column or "", None)
        files = list(taken.values())
        if table.raw.is_typed:
            sample = first_parquet_rows(table.raw, table.schema, files, rows)
        else:
            sample = first_csv_rows(table.raw, files).slice(0, rows)
        columns = [decoded(column) for column in sample.columns]
        found[name] = pa.table(columns, names=list(taken))
    return found


def describe_times(sample: pa.Table, params: ReadingParams) -> str:
    """Say what the times of a log's first rows are read as.

    Args:
        sample: These rows, from :func:`sample_tables`.
        params: How times are read.

    Raises:
        ValueError: If they can't be read; it says what to do.
    """
    where = f"column '{params.columns.get('timestamp', 'timestamp')}'"
    form, zone = params.time_format, params.time_zone
    return read_times(sample["timestamp"], params.time_unit, where, form, zone).note
