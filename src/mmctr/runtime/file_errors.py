"""Why a file can't be read or written, and what to do about it."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

_NO_ROOM = "make room there"
_NO_RIGHT = "change the permissions"
_BAD_DISK = "check the disk or network folder"

_ADVICE = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EFBIG: _NO_ROOM,
    errno.EROFS: "make that file system writable",
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
    errno.ENOTDIR: "a part of that path is a file: move it away",
    errno.EISDIR: "it is a folder: move it away",
    errno.EIO: _BAD_DISK,
    errno.ESTALE: _BAD_DISK,
    errno.EBUSY: "another process uses it: wait until that one ends",
}
_SQLITE_CODES = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EACCES,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_BUSY: errno.EBUSY,
    sqlite3.SQLITE_LOCKED: errno.EBUSY,
}
# Less than any file system leaves free: a write failed for it.
_FULL = 64 * 1024


def surroundings_problem(error: BaseException, path: Path) -> str | None:
    """Say what is wrong around a file, if that is why it failed.

    Some libraries give no error number, or hide it in the text of another error.

    Args:
        error: What was raised.
        path: The file that was to be read or written.

    Returns:
        The reason and what to do; None if nothing around it is wrong.
    """
    for each in _chain(error):
        number = each.errno if isinstance(each, OSError) else None
        if isinstance(each, sqlite3.Error):
            code = getattr(each, "sqlite_errorcode", None) or 0
            number = _SQLITE_CODES.get(code & 0xFF)  # without the extended part
        if number is None:
            number = next((n for n in _ADVICE if _names(each, n)), None)
        if number in _ADVICE:
            return f"{os.strerror(number)}; {_ADVICE[number]}, then run again"
    if any(isinstance(each, OSError) for each in _chain(error)) and _is_full(path):
        return f"{os.strerror(errno.ENOSPC)}; {_NO_ROOM}, then run again"
    return None


def root_text(error: BaseException) -> str:
    """The message of the first cause, on one line."""
    last = list(_chain(error))[-1]
    text = " ".join(str(last).split())
    return text or type(last).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__


def _names(error: BaseException, number: int) -> bool:
    """How Rust and Arrow write an error number."""
    text = str(error)
    return f"(os error {number})" in text or f"[errno {number}]" in text.lower()


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _FULL
    except OSError:
        return False
