"""Files and folders that are written whole or not at all."""

import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mmctr.runtime.running import is_running

_PART = re.compile(r"^\.(.+)\.\d+\.part$")
_OLD = ".old"


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a hidden sibling of a file to write; rename it over the file at the end.

    A process killed while it writes leaves the earlier file as it was, so a file that
    exists is whole. Sibling and folder are flushed to the disk. Whoever may read new
    files in the folder may read this one, however its writer created it.

    Args:
        path: The file; its folder is created.

    Yields:
        The path to write to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.unlink(missing_ok=True)  # a link there would be written through
        mode = _new_file_mode(part)
        yield part
        part.chmod(part.stat().st_mode | mode)
        _flush(part)
        os.replace(part, path)
        _flush(path.parent)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a hidden sibling of a folder to fill; rename it over the folder at the end.

    A folder can't be renamed over another in one step: the earlier one is moved aside
    first, and :func:`remove_leftovers` gives it its name back if the process is killed
    between the two steps. Files in it may be read by whoever may read new ones.

    Args:
        path: The folder; that which it is in is created.

    Yields:
        The folder to write to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    old = path.with_name(f".{path.name}{_OLD}.{os.getpid()}.part")
    try:
        part.mkdir()
        mode = _new_file_mode(part / ".new")
        yield part
        for each in (*part.rglob("*"), part):
            if each.is_file():
                each.chmod(each.stat().st_mode | mode)
            _flush(each)
        if path.exists():
            os.replace(path, old)
        os.replace(part, path)
        _flush(path.parent)
    finally:
        if old.exists() and not path.exists():
            os.replace(old, path)
        for each in (part, old):
            shutil.rmtree(each, ignore_errors=True)


def final_path(path: Path) -> Path:
    """Where a path given by :func:`atomic_path` will lie; any other path unchanged."""
    return path.with_name(_PART.sub(r"\1", path.name))


def remove_leftovers(path: Path) -> None:
    """Delete what killed processes left of a file or folder; running ones keep theirs.

    A folder that was moved aside and not replaced gets its name back.
    """
    for part in path.parent.glob(f".{path.name}.*.part"):
        pid = part.name.split(".")[-2]
        if pid.isdigit() and is_running(int(pid)):
            continue
        with suppress(OSError):  # in a read-only folder, where the write will fail
            if not part.is_dir() or part.is_symlink():
                part.unlink(missing_ok=True)
            elif part.name.startswith(f".{path.name}{_OLD}.") and not path.exists():
                os.replace(part, path)
            else:
                shutil.rmtree(part)


def _new_file_mode(path: Path) -> int:
    """Permissions of a file that is created there, which is removed again."""
    path.touch()
    mode = stat.S_IMODE(path.stat().st_mode)
    path.unlink()
    return mode


def _flush(path: Path) -> None:
    """Flush a file or folder to the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
