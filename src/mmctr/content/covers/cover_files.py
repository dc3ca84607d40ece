"""Cover images in a folder or a zip: found by item id, read within limits.

Nothing outside the folder or zip is ever read: links are not followed, and a zip's
members are read by their record, never unpacked to the path they name.
"""

import os
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo, is_zipfile

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
)
"""A file with such a suffix is an image; its format is decided by its content."""

_EXAMPLES = 5
_ENCRYPTED = 0x1
_RAR = b"Rar!"


class BrokenCoverError(Exception):
    """A cover can't be used; the message is the reason, without the file's name."""


@dataclass(frozen=True)
class CoverEntry:
    """A file of a folder or zip.

    Attributes:
        name: Its path inside, with ``/``.
        read: Reads it, at most so many bytes; raises :class:`BrokenCoverError` if it
            can't be read or is larger.
        is_safe: False for a link, a special file, or a path that leads outside.
    """

    name: str
    read: Callable[[int], bytes]
    is_safe: bool


@dataclass
class FoundCovers:
    """Which file is the cover of which item, and what else is there.

    Attributes:
        by_item: Item id to its file.
        unsafe: Names that are never read.
        without_item: How many images belong to no item, and the first of them.
        no_images: How many files have no suffix of an image.
    """

    by_item: dict[str, CoverEntry] = field(default_factory=dict)
    unsafe: list[str] = field(default_factory=list)
    without_item: int = 0
    without_item_examples: list[str] = field(default_factory=list)
    no_images: int = 0


@contextmanager
def open_covers(path: Path) -> Iterator[Iterable[CoverEntry]]:
    """Open a folder or zip.

    Args:
        path: The folder or the zip.

    Yields:
        All files, in an order that depends on their names only. They can be read while
        the context is open.

    Raises:
        ValueError: If it is neither; for a rar the message says how to unpack it.
    """
    path = path.expanduser()
    if path.is_dir():
        yield _list_folder(path)
        return
    if not path.is_file():
        raise ValueError(
            f"embedding.images.path: there is no {path}; name a folder or zip of "
            "cover images"
        )
    with path.open("rb") as file:
        is_rar = file.read(len(_RAR)) == _RAR
    if is_rar or path.suffix.lower() == ".rar":
        raise ValueError(
            f"embedding.images.path: {path} is a rar, which only other programs read. "
            f"Unpack it (`unrar x {path.name} covers/`, or `7z x {path.name} "
            "-ocovers`), then set embedding.images.path=covers"
        )
    if not is_zipfile(path):
        raise ValueError(
            f"embedding.images.path: {path} is neither a folder nor a whole zip; "
            "unpack it into a folder and name that"
        )
    try:
        archive = ZipFile(path)
    except (BadZipFile, NotImplementedError) as error:
        raise ValueError(
            f"embedding.images.path: {path} is no readable zip ({error}); fetch or "
            "pack it again"
        ) from error
    with archive:
        yield _list_zip(archive)


def find_covers(entries: Iterable[CoverEntry], item_ids: Iterable[str]) -> FoundCovers:
    """Find the cover of every item by the name of its file.

    Folders don't matter; hidden files are ignored.

    Args:
        entries: From :func:`open_covers`.
        item_ids: The ids as text.

    Returns:
        What was found.

    Raises:
        ValueError: If an item has two files; it names them.
    """
    items = set(item_ids)
    found = FoundCovers()
    repeated: dict[str, list[str]] = {}
    for entry in entries:
        path = PurePosixPath(entry.name)
        if any(_is_hidden(part) for part in path.parts):
            continue
        if not entry.is_safe:
            found.unsafe.append(entry.name)
        elif path.suffix.lower() not in SUFFIXES:
            found.no_images += 1
        elif path.stem not in items:
            found.without_item += 1
            if len(found.without_item_examples) < _EXAMPLES:
                found.without_item_examples.append(entry.name)
        elif path.stem in found.by_item:
            first = found.by_item[path.stem].name
            repeated.setdefault(path.stem, [first]).append(entry.name)
        else:
            found.by_item[path.stem] = entry
    if repeated:
        examples = "; ".join(
            f"{item}: {', '.join(map(shown_name, names[:_EXAMPLES]))}"
            for item, names in list(repeated.items())[:_EXAMPLES]
        )
        raise ValueError(
            f"embedding.images.path: {len(repeated):,} items have more than one cover "
            f"({examples}); leave one file per item"
        )
    return found


def _list_folder(root: Path) -> Iterator[CoverEntry]:
    """Walk a folder in the order of names, never through a link.

    The folder itself may be a link. Raises OSError if a sub-folder can't be listed.
    """
    for folder, subfolders, files in os.walk(root, onerror=_raise):
        subfolders.sort()
        here = Path(folder)
        links = [name for name in subfolders if (here / name).is_symlink()]
        for path in (here / name for name in sorted([*files, *links])):
            is_file = stat.S_ISREG(path.lstat().st_mode)
            name = path.relative_to(root).as_posix()
            yield CoverEntry(name, partial(_read_file, path), is_file)


def _read_file(path: Path, max_bytes: int) -> bytes:
    # O_NOFOLLOW: the file may have become a link since it was listed.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(path, flags), "rb") as file:
            return _within(file.read(max_bytes + 1), max_bytes)
    except OSError as error:
        raise BrokenCoverError(error.strerror or str(error)) from error


def _list_zip(archive: ZipFile) -> list[CoverEntry]:
    members = [
        CoverEntry(
            info.filename.replace("\\", "/"),
            partial(_read_member, archive, info),
            _is_inside(info),
        )
        for info in archive.infolist()
        if not info.is_dir()
    ]
    return sorted(members, key=lambda entry: entry.name)


def _read_member(archive: ZipFile, info: ZipInfo, max_bytes: int) -> bytes:
    """Unpack a member into memory, up to the limit."""
    if info.flag_bits & _ENCRYPTED:
        raise BrokenCoverError("is encrypted")
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        # The decoders of other methods have no limit on what they unpack at once.
        raise BrokenCoverError("is packed with a method other than deflate")
    try:
        # Never more than the declared size is unpacked; another is an error.
        with archive.open(info) as file:
            return _within(file.read(max_bytes + 1), max_bytes)
    except (BadZipFile, OSError, EOFError, zlib.error, ValueError) as error:
        raise BrokenCoverError(f"can't be unpacked ({error})") from error


def shown_name(name: str) -> str:
    """Escape a file's name for a message: no line breaks, no broken text."""
    return name if name.isprintable() else ascii(name)


def _is_inside(info: ZipInfo) -> bool:
    parts = info.filename.replace("\\", "/").split("/")
    is_absolute = parts[0] == "" or ":" in parts[0]
    kind = stat.S_IFMT(info.external_attr >> 16)
    return not is_absolute and ".." not in parts and kind in (0, stat.S_IFREG)


def _is_hidden(part: str) -> bool:
    """Whether macOS or others left it beside the covers."""
    return part == "__MACOSX" or (part.startswith(".") and part != "..")


def _within(data: bytes, max_bytes: int) -> bytes:
    if len(data) > max_bytes:
        raise BrokenCoverError(
            f"is larger than embedding.images.max_file_mb = {max_bytes / 2**20:g}"
        )
    return data


def _raise(error: OSError) -> None:
    raise error
