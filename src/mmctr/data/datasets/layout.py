"""What raw files must look like, checked by their metadata alone, in no time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from kedro_datasets._typing import TablePreview

from mmctr.data.datasets.columns import is_list, is_number, is_text
from mmctr.data.datasets.reading import refuse_link

_KINDS: dict[str, tuple[str, Callable[[pa.DataType], bool]]] = {
    "number": ("numbers", is_number),
    "text": ("text", lambda kind: is_text(kind) or pa.types.is_null(kind)),
    "id": ("whole numbers or text", lambda kind: is_number(kind) or is_text(kind)),
    "list": ("lists", is_list),
    "time": (
        "unix seconds or timestamps",
        lambda kind: (
            is_number(kind) or pa.types.is_timestamp(kind) or pa.types.is_date(kind)
        ),
    ),
}


@dataclass(frozen=True)
class RawColumn:
    """A column: ``number``, ``text``, ``id`` (one of both), ``list`` or ``time``."""

    kind: str
    needed: bool = True


@dataclass(frozen=True)
class RawFile:
    """A file and its columns; no columns: it is no table."""

    columns: dict[str, RawColumn] = field(default_factory=dict)
    needed: bool = True


def layout_problems(path: Path, wanted: RawFile) -> list[str]:
    """Compare a file with what it must look like; no row is read.

    Args:
        path: The file.
        wanted: Its columns.

    Returns:
        A sentence a problem, which names the file; none where all is well.
    """
    if not path.is_file():
        return [f"{path} is missing"] if wanted.needed else []
    if not wanted.columns:
        return []
    try:
        refuse_link(path)
    except ValueError as error:
        return [str(error)]
    try:
        metadata = pq.read_metadata(path)
        schema = metadata.schema.to_arrow_schema()
    except Exception as error:  # Arrow raises many kinds at damaged bytes
        return [f"{path}: not a whole parquet file ({error})"]
    problems = [] if metadata.num_rows else [f"{path}: no rows"]
    for name, column in wanted.columns.items():
        if name not in schema.names:
            if column.needed:
                there = ", ".join(schema.names)
                problems.append(f"{path}: column '{name}' is missing; it has {there}")
            continue
        kind = schema.field(name).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        words, fits = _KINDS[column.kind]
        if not fits(kind):
            problems.append(f"{path}: column '{name}' is {kind}; {words} are wanted")
    return problems


def preview_files(files: dict[str, Path]) -> TablePreview:
    """Name, rows and columns of each raw file that is there, for kedro-viz."""
    found = {name: path for name, path in files.items() if path.is_file()}
    lines = []
    for name, path in found.items():
        is_table = path.suffix == ".parquet"
        metadata = pq.read_metadata(path) if is_table else None
        columns = ", ".join(metadata.schema.to_arrow_schema().names) if metadata else ""
        lines.append([name, metadata.num_rows if metadata else None, columns])
    return TablePreview(
        {
            "index": list(range(len(lines))),
            "columns": ["file", "rows", "columns"],
            "data": lines,
        }
    )
