"""Reading raw parquet files."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mmctr.datasets.columns import require_columns


def read_parquet(path: Path, columns: list[str], optional: list[str]) -> pa.Table:
    """Read the named columns of a raw file, dictionaries (categories) decoded.

    Args:
        path: The file.
        columns: Columns that must be there.
        optional: Columns that are read where they are there.

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
    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
        wanted = [*columns, *(name for name in optional if name in names)]
        table = file.read(columns=[name for name in wanted if name in names])
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(
            f"{path}: not a whole parquet file ({error}); write it again"
        ) from error
    require_columns(table, columns, str(path))
    if not table.num_rows:
        raise ValueError(f"{path}: no rows; write the file again")
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            decoded = table[field.name].cast(field.type.value_type)
            table = table.set_column(place, field.name, decoded)
    return table
