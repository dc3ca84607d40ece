"""One raw parquet file: its columns, checks by its metadata alone, and reading it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pandera.pandas import DataFrameSchema

from mmctr.data.column_kinds import type_problem, value_type
from mmctr.data.columns import id_list_column, list_column, scalar_column
from mmctr.data.raw_schemas import check_frame, names_of, property_of, raw_column
from mmctr.data.reading.damage import describe_local_damage
from mmctr.data.reading.files import decoded, repeated_columns
from mmctr.data.reading.location import link_problem
from mmctr.data.reading.names import near_names
from mmctr.data.reading.values import replaced
from mmctr.runtime.suggestions import did_you_mean

# Rows read at once of lists padded to 100 ids: 50 MB.
_ROWS = 65_536


@dataclass(frozen=True)
class RawFile:
    """A file: its columns, None if it is not a table, and whether it must exist."""

    schema: DataFrameSchema | None = None
    needed: bool = True


def raw_file_problems(path: Path, expected: RawFile) -> list[str]:
    """Compare a file with what it must look like; no row is read.

    Args:
        path: The file.
        expected: What it must look like.

    Returns:
        One sentence per problem, each naming the file.
    """
    if not path.is_file():
        return [f"{path} is missing"] if expected.needed else []
    if expected.schema is None:
        return []
    if link := link_problem(path):
        return [link]
    try:
        metadata = pq.read_metadata(path)
        held = metadata.schema.to_arrow_schema()
    except Exception as error:  # Arrow raises many kinds at damaged bytes
        return [describe_local_damage(path, error)]
    if problem := repeated_columns(held.names, str(path)):
        return [problem]
    problems = [] if metadata.num_rows else [f"{path}: no rows; write the file again"]
    for name, column in expected.schema.columns.items():
        if name in held.names:
            found = value_type(held.field(name).type)
            problem = type_problem(found, str(property_of(column, "kind")))
        else:
            near = near_names(name, held.names)
            meant = f"; {did_you_mean(near)}" if near else ""
            problem = f"is missing; it has {', '.join(held.names)}{meant}"
        if problem is not None and (column.required or name in held.names):
            problems.append(f"{path}: column '{name}' {problem}")
    return problems


def read_raw_file(
    path: Path, schema: DataFrameSchema, *, unread: str | None = None
) -> pa.Table:
    """Read and check the columns of a raw file that are there.

    Args:
        path: The file.
        schema: Its columns and what those of one value per row must hold.
        unread: A column that must be there, but is not read.

    Returns:
        Columns of one value per row as
        :func:`mmctr.data.columns.scalar_column` gives them; lists and tags as
        they are in the file, with dictionaries (categories) decoded.

    Raises:
        FileNotFoundError: Naming the file and the folder's parquet files.
        ValueError: If it is no whole parquet file, has no rows, a column is missing, or
            a value is not what the schema says; it names the first five rows.
    """
    table, file = _read_columns(path, schema, unread), str(path)
    for name in names_of(schema, lists=False):
        if name in table.column_names:
            kind = str(property_of(schema.columns[name], "kind"))
            table = replaced(table, name, scalar_column(table, name, kind, file))
    scalars = [x for x in table.column_names if x in names_of(schema, lists=False)]
    check_frame(table.select(scalars).to_pandas(), schema, file)
    return table


def read_padded_ids(path: Path, name: str) -> pa.LargeListArray | pa.ChunkedArray:
    """Read lists of ids padded in front with 0, and leave the padding out.

    Millions of histories padded to 100 ids are gigabytes, most of them zeros, so only a
    part of the rows is in memory at a time.

    Args:
        path: A parquet file that has rows and the column.
        name: The column.

    Returns:
        Lists of int64 ids.

    Raises:
        ValueError: As :func:`mmctr.data.columns.id_list_column`.
    """
    parts, widths = [], set()
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(_ROWS, columns=[name]):
                table = pa.Table.from_batches([batch])
                table.validate(full=True)
                padded = np.diff(list_column(table, name, str(path))[1])
                widths.update(np.unique(padded).tolist())
                parts.append(
                    id_list_column(table, name, str(path), padded_in_front=True)
                )
    except Exception:  # Arrow raises many kinds at damaged bytes
        widths = set()
    if len(widths) == 1:
        return pa.chunked_array(parts)
    # The error must name rows of the file, so look for it in the whole column.
    table = _read_columns(path, DataFrameSchema({name: raw_column("ids", None, "")}))
    return id_list_column(table, name, str(path), padded_in_front=True)


def _read_columns(
    path: Path, schema: DataFrameSchema, unread: str | None = None
) -> pa.Table:
    """The columns of a whole file that has rows, dictionaries decoded."""
    if not path.is_file():
        there = sorted(file.name for file in path.parent.glob("*.parquet"))
        found = f"it holds {', '.join(there)}" if there else "it holds no parquet file"
        if not path.parent.is_dir():
            found = "that folder does not exist"
        raise FileNotFoundError(
            f"{path.name} is missing in {path.parent} ({found}); "
            "set the folder with --params raw_dir=DIR, or write the synthetic sample "
            "with kedro run --pipeline sample and the same --env"
        )
    if problems := raw_file_problems(path, RawFile(schema)):
        raise ValueError("; ".join(problems))
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
        there = set(file.schema_arrow.names) - {unread}
        table = file.read(columns=[name for name in schema.columns if name in there])
        table.validate(full=True)  # finds lengths and text that were written over
    except Exception as error:  # Arrow raises many kinds at damaged bytes
        raise ValueError(describe_local_damage(path, error)) from error
    return pa.table([decoded(each) for each in table.columns], table.column_names)
