"""Reading raw parquet files."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mmctr.data.datasets.columns import id_list_column, list_column, require_columns
from mmctr.runtime.file_errors import surroundings_problem
from mmctr.runtime.jagged import Jagged

# Rows at a time of lists padded to 100 ids: 50 MB.
_ROWS = 65_536


def read_parquet(
    path: Path, columns: list[str], optional: list[str], beside: list[str] | None = None
) -> pa.Table:
    """Read the named columns of a raw file, dictionaries (categories) decoded.

    Args:
        path: The file.
        columns: Columns that must be there.
        optional: Columns that are read where they are there.
        beside: Columns that must be there, but are not read.

    Raises:
        FileNotFoundError: Naming the file and the folder's parquet files.
        ValueError: If it is no whole parquet file, has no rows, or a column is missing.
    """
    if not path.is_file():
        there = sorted(file.name for file in path.parent.glob("*.parquet"))
        found = f"it holds {', '.join(there)}" if there else "it holds no parquet file"
        if not path.parent.is_dir():
            found = "that folder does not exist"
        raise FileNotFoundError(
            f"{path.name} is missing in {path.parent} ({found}); "
            "set the folder with --params raw_dir=DIR"
        )
    refuse_link(path)
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
        names = file.schema_arrow.names
        wanted = [*columns, *(name for name in optional if name in names)]
        table = file.read(columns=[name for name in wanted if name in names])
        table.validate(full=True)  # lengths and text that were written over
    except Exception as error:  # Arrow raises many kinds at damaged bytes
        problem = surroundings_problem(error, path)
        if problem is not None:
            raise OSError(f"{path} can't be read: {problem}") from error
        raise ValueError(
            f"{path}: not a whole parquet file ({error}); write it again"
        ) from error
    beside = beside or []
    there = [*table.column_names, *(name for name in beside if name in names)]
    require_columns(there, [*columns, *beside], str(path))
    if not table.num_rows:
        raise ValueError(f"{path}: no rows; write the file again")
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            decoded = table[field.name].cast(field.type.value_type)
            table = table.set_column(place, field.name, decoded)
    return table


def refuse_link(path: Path) -> None:
    """Stop at a link: what it leads to may be anything.

    Raises:
        ValueError: Naming it; folders may be links.
    """
    if path.is_symlink():
        raise ValueError(
            f"{path} is a link, which is not followed: put the file itself there, or "
            "name its folder (--params raw_dir=DIR)"
        )


def read_padded_ids(path: Path, name: str) -> Jagged:
    """Read lists of ids padded in front with 0, and leave the padding out.

    Millions of histories padded to 100 ids are gigabytes, most of them zeros: a part of
    the rows is in memory at a time.

    Args:
        path: A parquet file that has rows and the column.
        name: The column.

    Returns:
        Flat int64 ids and ``[rows + 1]`` offsets.

    Raises:
        ValueError: As :func:`mmctr.data.datasets.columns.id_list_column`.
    """
    values, lengths, widths = [], [np.zeros(1, np.int64)], set()
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(_ROWS, columns=[name]):
                table = pa.Table.from_batches([batch])
                table.validate(full=True)
                padded = np.diff(list_column(table, name, str(path))[1])
                widths.update(np.unique(padded).tolist())
                ids, offsets = id_list_column(
                    table, name, str(path), padded_in_front=True
                )
                values.append(ids)
                lengths.append(np.diff(offsets))
    except Exception:  # Arrow raises many kinds at damaged bytes
        widths = set()
    if len(widths) == 1:
        return np.concatenate(values), np.cumsum(np.concatenate(lengths))
    # The error shall name rows of the file, so it is looked for in all of them.
    table = read_parquet(path, [name], [])
    return id_list_column(table, name, str(path), padded_in_front=True)
