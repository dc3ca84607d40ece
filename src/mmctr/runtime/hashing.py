"""Hashes of files and values; a file that did not change is not read again."""

import hashlib
import json
import logging
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from mmctr.runtime.file_errors import surroundings_problem

# A file changed this shortly before it was read may change again with the same time.
_SETTLED_NS = 2_000_000_000

# A table as text packs to a fifth, a bomb to a thousandth.
_MOST_UNPACKED = 100

_FINGERPRINT = 16

logger = logging.getLogger(__name__)


def content_hash(path: Path) -> str:
    """Give the sha256 of a file's content.

    Of a zip it is that of its members, whose dates and packing tell nothing, unless it
    is a bomb; of a folder that of its files and their names. Files are streamed.

    Args:
        path: A file or a folder.

    Returns:
        64 hexadecimal digits.

    Raises:
        OSError: If it can't be read.
    """
    if path.is_dir():
        return combined_hash({name: content_hash(path / name) for name in _tree(path)})
    if not path.is_file():
        raise OSError(f"{path} is no file: move it away")  # a pipe would wait for ever
    if path.suffix == ".zip":
        try:
            return _members_hash(path)
        except PermissionError:
            raise
        except Exception:  # decoders raise anything at damaged bytes
            logger.debug("%s is no whole zip", path)
    # Of any other file, the hash of its bytes.
    with path.open("rb") as file:
        return _digest(file)


def file_fingerprint(path: Path) -> str:
    """Give the first 16 hexadecimal digits of the sha256 of a file's bytes."""
    with path.open("rb") as file:
        return _digest(file)[:_FINGERPRINT]


def folder_fingerprint(path: Path) -> str:
    """Hash names and bytes of all files below a folder, hidden ones left out.

    Returns:
        16 hexadecimal digits that do not depend on where the folder lies.
    """
    files = {file.relative_to(path): file for file in path.rglob("*") if file.is_file()}
    hashes = {
        name.as_posix(): file_fingerprint(file)
        for name, file in files.items()
        if not any(part.startswith(".") for part in name.parts)
    }
    return combined_hash(hashes)[:_FINGERPRINT]


def combined_hash(hashes: dict[str, str]) -> str:
    """Give one hash for several by name, whatever their order."""
    lines = "".join(f"{name}\0{value}\n" for name, value in sorted(hashes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def json_hash(value: Any) -> str:
    """Give the sha256 of a JSON-ready value; the order of its keys does not count."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _members_hash(path: Path) -> str:
    hashes = {}
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > _MOST_UNPACKED * path.stat().st_size:
            raise zipfile.BadZipFile("a bomb")
        for member in archive.infolist():
            with archive.open(member) as file:
                hashes[member.filename] = _digest(file)
    return combined_hash(hashes)


def _digest(file: IO[bytes]) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()


def _tree(folder: Path) -> Iterator[str]:
    """Files below a folder; links are not followed."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(folder).as_posix()


@dataclass
class FileHashes:
    """Hashes of files, remembered while the files are unchanged.

    Compared are size, inode and both times: of change (``mtime``) and of the inode's
    change (``ctime``), which no program can set back.

    Attributes:
        known: By path: ``stamp`` and ``sha256``, and ``at_ns``, when it was read.
    """

    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def hash(self, path: Path) -> str | None:
        """Give :func:`content_hash`, from memory where the file did not change.

        Returns:
            The hash, or None where there is nothing.

        Raises:
            OSError: If it can't be read; naming it and what to do.
        """
        try:
            stamp, changed_ns = _stamp(path)
        except FileNotFoundError:
            self.known.pop(path.as_posix(), None)
            return None
        known = self.known.get(path.as_posix())
        if (
            known
            and known["stamp"] == stamp
            and known["at_ns"] - changed_ns > _SETTLED_NS
        ):
            return str(known["sha256"])
        at_ns = time.time_ns()
        try:
            value = content_hash(path)
        except OSError as error:
            problem = surroundings_problem(error, path)
            if problem is None:
                raise
            raise OSError(f"{path} can't be read: {problem}") from error
        self.known[path.as_posix()] = {"stamp": stamp, "at_ns": at_ns, "sha256": value}
        return value

    def by_file(self, name: str, path: Path) -> dict[str, str | None]:
        """Give :meth:`hash` by a name; of a folder also its files', by NAME/FILE."""
        if not path.is_dir():
            return {name: self.hash(path)}
        files = {file: str(self.hash(path / file)) for file in _tree(path)}
        found = {f"{name}/{file}": value for file, value in files.items()}
        return {name: combined_hash(files), **found}


def _stamp(path: Path) -> tuple[str, int]:
    """What tells a changed file or folder, and when it changed last."""
    if not path.is_dir():
        stat = path.stat()
        stamp = f"{stat.st_size} {stat.st_ino} {stat.st_mtime_ns} {stat.st_ctime_ns}"
        return stamp, max(stat.st_mtime_ns, stat.st_ctime_ns)
    stamps = {name: _stamp(path / name) for name in _tree(path)}
    stamp = combined_hash({name: text for name, (text, _) in stamps.items()})
    return stamp, max((at for _, at in stamps.values()), default=0)
