"""Cover images in a folder or a zip: found by item id, read within limits.

Nothing outside the folder or zip is ever read: links are not followed, and a zip's
members are read by their record, never unpacked to the path they name.
"""

import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo, is_zipfile

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
)
"""Names that end so are images; what they hold is decided by their content."""

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
        place: What the covers find it by.
        is_safe: False for a link, a special file, or a path that leads outside.
    """

    name: str
    place: Any
    is_safe: bool = True


class Covers(Protocol):
    """A folder or zip of covers."""

    def entries(self) -> Iterator[CoverEntry]:
        """List all files, in an order that depends on their names only."""

    def read(self, entry: CoverEntry, max_bytes: int) -> bytes:
        """Read a file.

        Raises:
            BrokenCoverError: If it can't be read or is larger than that.
        """

    def close(self) -> None:
        """Let go of the files."""


@dataclass
class FoundCovers:
    """Which file is whose cover, and what else lies there.

    Attributes:
        by_item: Item id to its file.
        unsafe: Names that are never read.
        without_item: How many images belong to no item, and the first of them.
        no_images: Files that are no images by their name.
    """

    by_item: dict[str, CoverEntry] = field(default_factory=dict)
    unsafe: list[str] = field(default_factory=list)
    without_item: int = 0
    without_item_examples: list[str] = field(default_factory=list)
    no_images: int = 0


def open_covers(path: Path) -> Covers:
    """Open a folder or zip.

    Args:
        path: The folder or the zip.

    Returns:
        The covers; close them in the end.

    Raises:
        ValueError: If it is neither; of a rar it says how to unpack it.
    """
    path = path.expanduser()
    if path.is_dir():
        return FolderCovers(path)
    if not path.is_file():
        raise ValueError(
            f"embedding.images.path: there is no {path}; name a folder or zip of "
            "cover images"
        )
    if _starts_with(path, _RAR) or path.suffix.lower() == ".rar":
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
    return ZipCovers(path)


def find_covers(covers: Covers, item_ids: Iterable[str]) -> FoundCovers:
    """Find the cover of every item by the name of its file.

    Folders don't matter; hidden files are passed over.

    Args:
        covers: From :func:`open_covers`.
        item_ids: The ids as text.

    Returns:
        What was found.

    Raises:
        ValueError: If an item has two files; it names them.
    """
    wanted = set(item_ids)
    found = FoundCovers()
    repeated: dict[str, list[str]] = {}
    for entry in covers.entries():
        path = PurePosixPath(entry.name)
        if any(_is_hidden(part) for part in path.parts):
            continue
        if not entry.is_safe:
            found.unsafe.append(entry.name)
        elif path.suffix.lower() not in SUFFIXES:
            found.no_images += 1
        elif path.stem not in wanted:
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
            f"({examples}); leave one file an item"
        )
    return found


class FolderCovers:
    """A folder with its sub-folders."""

    def __init__(self, path: Path) -> None:
        """Take an existing folder; it may itself be a link."""
        self._root = path

    def entries(self) -> Iterator[CoverEntry]:
        """Walk the folder in the order of names, never through a link.

        Raises:
            OSError: If a sub-folder can't be listed.
        """
        for folder, subfolders, files in os.walk(self._root, onerror=_raise):
            subfolders.sort()
            inside = Path(folder).relative_to(self._root)
            links = [x for x in subfolders if os.path.islink(os.path.join(folder, x))]
            for name in sorted([*files, *links]):
                place = os.path.join(folder, name)
                is_file = stat.S_ISREG(os.lstat(place).st_mode)
                yield CoverEntry((inside / name).as_posix(), place, is_file)

    def read(self, entry: CoverEntry, max_bytes: int) -> bytes:
        """Read a file, if it is still none that leads elsewhere."""
        try:
            # O_NOFOLLOW: it may have become a link since it was listed.
            flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
            flags |= getattr(os, "O_BINARY", 0)
            with open(os.open(entry.place, flags), "rb") as file:
                data = file.read(max_bytes + 1)
        except OSError as error:
            raise BrokenCoverError(error.strerror or str(error)) from error
        return _within(data, max_bytes)

    def close(self) -> None:
        """Nothing is kept open."""


class ZipCovers:
    """A zip; members are unpacked into memory, one at a time."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            ValueError: If its directory is damaged.
        """
        try:
            self._zip = ZipFile(path)
        except (BadZipFile, NotImplementedError) as error:
            raise ValueError(
                f"embedding.images.path: {path} is no readable zip ({error}); fetch "
                "or pack it again"
            ) from error

    def entries(self) -> Iterator[CoverEntry]:
        """List the members by name."""
        members = [
            CoverEntry(info.filename.replace("\\", "/"), info, _is_inside(info))
            for info in self._zip.infolist()
            if not info.is_dir()
        ]
        yield from sorted(members, key=lambda entry: entry.name)

    def read(self, entry: CoverEntry, max_bytes: int) -> bytes:
        """Unpack a member, as far as the limit."""
        info: ZipInfo = entry.place
        if info.flag_bits & _ENCRYPTED:
            raise BrokenCoverError("is encrypted")
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            # The decoders of the others have no limit on what they unpack at once.
            raise BrokenCoverError("is packed with a method other than deflate")
        if info.file_size > max_bytes:
            raise BrokenCoverError(_too_large(max_bytes))
        try:
            # Never more than the declared size is unpacked; another is an error.
            with self._zip.open(info) as file:
                data = file.read(max_bytes + 1)
        except (BadZipFile, OSError, EOFError, zlib.error, ValueError) as error:
            raise BrokenCoverError(f"can't be unpacked ({error})") from error
        return _within(data, max_bytes)

    def close(self) -> None:
        """Close the file."""
        self._zip.close()


def opened(path: Path) -> closing[Covers]:
    """Open covers as a context; see :func:`open_covers`."""
    return closing(open_covers(path))


def shown_name(name: str) -> str:
    """A file's name as it may stand in a message: no line breaks, no broken text."""
    return name if name.isprintable() else ascii(name)


def _is_inside(info: ZipInfo) -> bool:
    parts = info.filename.replace("\\", "/").split("/")
    is_absolute = parts[0] == "" or ":" in parts[0]
    kind = stat.S_IFMT(info.external_attr >> 16)
    return not is_absolute and ".." not in parts and kind in (0, stat.S_IFREG)


def _is_hidden(part: str) -> bool:
    """What macOS and others leave beside the files that are meant."""
    return part == "__MACOSX" or (part.startswith(".") and part != "..")


def _within(data: bytes, max_bytes: int) -> bytes:
    if len(data) > max_bytes:
        raise BrokenCoverError(_too_large(max_bytes))
    return data


def _too_large(max_bytes: int) -> str:
    return f"is larger than embedding.images.max_file_mb = {max_bytes / 2**20:g}"


def _starts_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(mark)) == mark


def _raise(error: OSError) -> None:
    raise error
