"""One raw parquet file: its columns, checks by its metadata alone, and reading it."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pandera.pandas import DataFrameSchema

from mmctr.data.datasets.columns import (
    id_list_column,
    list_column,
    scalar_column,
    type_problem,
)
from mmctr.data.raw_schemas import check_frame
from mmctr.runtime.file_errors import surroundings_problem

# Rows read at once of lists padded to 100 ids: 50 MB.
_ROWS = 65_536


@dataclass(frozen=True)
class RawColumn:
    """One column.

    Attributes:
        kind: A kind of :func:`mmctr.data.datasets.columns.type_problem`.
        needed: Whether the file must have it.
        loaded: Whether :func:`read_raw_file` reads it.
    """

    kind: str
    needed: bool = True
    loaded: bool = True


@dataclass(frozen=True)
class RawFile:
    """The columns of a file, none if it is not a table, and whether it must exist."""

    columns: dict[str, RawColumn] = field(default_factory=dict)
    needed: bool = True


def raw_file_problems(path: Path, expected: RawFile) -> list[str]:
    """Compare a file with what it must look like; no row is read.

    Args:
        path: The file.
        expected: Its columns.

    Returns:
        One sentence per problem, each naming the file.
    """
    if not path.is_file():
        return [f"{path} is missing"] if expected.needed else []
    if not expected.columns:
        return []
    if link := link_problem(path):
        return [link]
    try:
        metadata = pq.read_metadata(path)
        schema = metadata.schema.to_arrow_schema()
    except Exception as error:  # Arrow raises many kinds at damaged bytes
        return [_damage(path, error)]
    problems = [] if metadata.num_rows else [f"{path}: no rows; write the file again"]
    for name, column in expected.columns.items():
        if name in schema.names:
            found = schema.field(name).type
            found = found.value_type if pa.types.is_dictionary(found) else found
            problem = type_problem(found, column.kind)
        else:
            problem = f"is missing; it has {', '.join(schema.names)}"
        if problem is not None and (column.needed or name in schema.names):
            problems.append(f"{path}: column '{name}' {problem}")
    return problems


def read_raw_file(
    path: Path, expected: RawFile, schema: DataFrameSchema | None = None
) -> pa.Table:
    """Read and check the columns of a raw file that are there and loaded.

    Args:
        path: The file.
        expected: Its columns.
        schema: What its columns of one value per row must hold, if they are checked.

    Returns:
        Columns of one value per row as
        :func:`mmctr.data.datasets.columns.scalar_column` gives them; lists and tags as
        they are in the file, with dictionaries (categories) decoded.

    Raises:
        FileNotFoundError: Naming the file and the folder's parquet files.
        ValueError: If it is no whole parquet file, has no rows, a column is missing, or
            a value is not what the schema says; it names the first five rows.
    """
    table, file = _read_columns(path, expected), str(path)
    scalars = [
        name
        for name in table.column_names
        if expected.columns[name].kind not in ("list", "tags")
    ]
    for name in scalars:
        values = scalar_column(table, name, expected.columns[name].kind, file)
        table = table.set_column(table.column_names.index(name), name, values)
    if schema is not None:
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
        ValueError: As :func:`mmctr.data.datasets.columns.id_list_column`.
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
    table = _read_columns(path, RawFile({name: RawColumn("list")}))
    return id_list_column(table, name, str(path), padded_in_front=True)


def link_problem(path: Path) -> str | None:
    """Say what to do about a link, which may lead to anything; folders may be links."""
    if not path.is_symlink():
        return None
    return (
        f"{path} is a link, which is not followed: put the file itself there, or name "
        "its folder (--params raw_dir=DIR)"
    )


def _read_columns(path: Path, expected: RawFile) -> pa.Table:
    """The loaded columns of a whole file that has rows, dictionaries decoded."""
    if not path.is_file():
        there = sorted(file.name for file in path.parent.glob("*.parquet"))
        found = f"it holds {', '.join(there)}" if there else "it holds no parquet file"
        if not path.parent.is_dir():
            found = "that folder does not exist"
        raise FileNotFoundError(
            f"{path.name} is missing in {path.parent} ({found}); "
            "set the folder with --params raw_dir=DIR"
        )
    if problems := raw_file_problems(path, expected):
        raise ValueError("; ".join(problems))
    loaded = [name for name, column in expected.columns.items() if column.loaded]
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
        names = file.schema_arrow.names
        table = file.read(columns=[name for name in loaded if name in names])
        table.validate(full=True)  # finds lengths and text that were written over
    except Exception as error:  # Arrow raises many kinds at damaged bytes
        raise ValueError(_damage(path, error)) from error
    for place, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            decoded = table[column.name].cast(column.type.value_type)
            table = table.set_column(place, column.name, decoded)
    return table


def _damage(path: Path, error: Exception) -> str:
    problem = surroundings_problem(error, path)
    if problem is not None:
        return f"{path} can't be read: {problem}"
    return f"{path}: not a whole parquet file ({error}); write it again"
