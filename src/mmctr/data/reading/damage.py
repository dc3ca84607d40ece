"""Why a file can't be read."""

from pathlib import Path
from typing import NoReturn

from mmctr.data.reading.location import RawTable
from mmctr.runtime.file_errors import surroundings_problem

SEPARATORS = (",", ";", "\t", "|")
"""What may stand between the columns of a text file."""

NO_UTF8 = "is no UTF-8 text; save it as UTF-8 (iconv -f LATIN1 -t UTF-8, for instance)"
"""What to do about text in another code."""


def fail(table: RawTable, file: str, error: Exception) -> NoReturn:
    """Say why a file can't be read.

    Args:
        table: The table that it belongs to.
        file: The file, as the file system has it.
        error: What reading it raised.

    Raises:
        ValueError: Always; naming the file, what it seems to be and what to do.
    """
    place = table.label(file)
    problem = surroundings_problem(error, Path(file)) if table.is_local else None
    if problem is not None:
        raise ValueError(f"{place} can't be read: {problem}") from error
    kind = table.ending.removeprefix(".")
    text = " ".join(str(error).split())
    if form := _other_form(table, file):
        raise ValueError(
            f"{place} is no {kind} file but {form}; give it the right ending"
        ) from error
    if "UTF8" in text:
        raise ValueError(f"{place} {NO_UTF8}") from error
    whole = "parquet" if table.is_typed else kind
    raise ValueError(
        f"{place}: not a whole {whole} file ({text}); write it again"
    ) from error


def _other_form(table: RawTable, file: str) -> str | None:
    """What the first bytes of a file say it is, where that is another form."""
    try:
        with table.arrow_filesystem.open_input_stream(file, compression=None) as stream:
            head = stream.read(200)
    except OSError:
        return None
    kinds = {b"PAR1": ".parquet", b"\x1f\x8b": ".gz"}
    found = next((x for mark, x in kinds.items() if head.startswith(mark)), None)
    if found is not None:
        return None if table.ending.endswith(found) else f"a {found} file"
    line = head.split(b"\n")[0].decode("utf-8", "replace").strip()
    is_text = "\ufffd" not in line and line.isprintable()
    if table.is_typed and is_text and any(mark in line for mark in SEPARATORS):
        return f"text that begins with '{line[:60]}' (.csv or .tsv)"
    return None
