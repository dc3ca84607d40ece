"""Why a file can't be read."""

from pathlib import Path
from typing import NoReturn

from mmctr.data.reading.location import RawTable
from mmctr.runtime.file_errors import surroundings_problem

SEPARATORS = (",", ";", "\t", "|")
"""What may stand between the columns of a text file."""

_HEAD = 200

NO_UTF8 = "is no UTF-8 text; save it as UTF-8 (iconv -f LATIN1 -t UTF-8, for instance)"
"""What to do about text in another code."""


def fail(table: RawTable, file: str, error: Exception) -> NoReturn:
    """Say why a file of a log can't be read.

    Args:
        table: The table that it belongs to.
        file: The file, as the file system has it.
        error: What reading it raised.

    Raises:
        ValueError: Always; naming the file, what it seems to be and what to do.
    """
    try:
        with table.arrow_filesystem.open_input_stream(file, compression=None) as stream:
            head = stream.read(_HEAD)
    except OSError:
        head = b""
    path = Path(file) if table.is_local else None
    said = describe_damage(table.label(file), table.ending, head, path, error)
    raise ValueError(said) from error


def describe_local_damage(path: Path, error: Exception) -> str:
    """Say why a parquet file of this machine can't be read."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        head = b""
    return describe_damage(str(path), ".parquet", head, path, error)


def describe_damage(
    place: str, ending: str, head: bytes, path: Path | None, error: Exception
) -> str:
    """Say why a file can't be read.

    Args:
        place: The file, for messages.
        ending: What it should be.
        head: Its first bytes.
        path: Where it is; None if it is not on this machine.
        error: What reading it raised.
    """
    problem = surroundings_problem(error, path) if path else None
    if problem is not None:
        return f"{place} can't be read: {problem}"
    kind = ending.removeprefix(".")
    if form := _other_form(head, ending):
        return f"{place} is no {kind} file but {form}; give it the right ending"
    text = " ".join(str(error).split())
    if "UTF8" in text:
        return f"{place} {NO_UTF8}"
    return f"{place}: not a whole {kind} file ({text}); write it again"


def _other_form(head: bytes, ending: str) -> str | None:
    """What the first bytes of a file say it is, where that is another form."""
    kinds = {b"PAR1": ".parquet", b"\x1f\x8b": ".gz"}
    found = next((x for mark, x in kinds.items() if head.startswith(mark)), None)
    if found is not None:
        return None if ending.endswith(found) else f"a {found} file"
    line = head.split(b"\n")[0].decode("utf-8", "replace").strip()
    is_text = "\ufffd" not in line and line.isprintable()
    if ending == ".parquet" and is_text and any(mark in line for mark in SEPARATORS):
        return f"text that begins with '{line[:60]}' (.csv or .tsv)"
    return None
