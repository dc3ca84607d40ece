"""Where the tables of a log are: a folder, here or remote, and the forms of a table."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow.fs as pa_fs
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

FORMS = (".parquet", ".csv", ".csv.gz", ".tsv", ".tsv.gz")
"""Endings of a table's file; a folder of such files has the first one or none."""

TABLES = ("interactions", "items", "users", "history")
"""The tables of a log; the first two must be there."""

_MARKS = ("ETag", "etag", "md5Hash", "LastModified", "last_modified", "mtime")


@dataclass(frozen=True)
class RawTable:
    """The file or files of one table.

    Attributes:
        table: One of :data:`TABLES`.
        place: The file or folder, for messages.
        name: Its last part.
        files: The files' paths, in the order of their names, as the file system
            has them.
        folder: Path of the folder that they are in; None for a single file.
        ending: One of :data:`FORMS`.
        filesystem: Of fsspec.
    """

    table: str
    place: str
    name: str
    files: tuple[str, ...]
    folder: str | None
    ending: str
    filesystem: Any

    @property
    def is_local(self) -> bool:
        """Whether the files are on this machine."""
        return _is_local(self.filesystem)

    @property
    def is_typed(self) -> bool:
        """Whether the files say which columns are numbers and which are text."""
        return self.ending == ".parquet"

    @property
    def arrow_filesystem(self) -> pa_fs.FileSystem:
        """The file system as Arrow knows it."""
        if self.is_local:
            return pa_fs.LocalFileSystem()
        return pa_fs.PyFileSystem(pa_fs.FSSpecHandler(self.filesystem))

    def label(self, file: str) -> str:
        """Name one of the files for a message."""
        return self.place.removesuffix(self.name) + self.short_label(file)

    def short_label(self, file: str) -> str:
        """Name one of the files from the log's folder on."""
        if self.folder is None:
            return self.name
        return f"{self.name}/{PurePosixPath(file).relative_to(self.folder)}"


class LogFolder:
    """The folder that holds the tables of a log."""

    def __init__(self, path: str, parameter: str = "raw_dir") -> None:
        """Point at the folder.

        Args:
            path: A path of this machine, or an address such as ``s3://bucket/folder``.
            parameter: The parameter that names it, for messages.

        Raises:
            ValueError: If no library is there for such an address; it names the extra
                to install.
        """
        self._parameter = parameter
        try:
            self._filesystem, root = url_to_fs(path)
        except (ImportError, ValueError) as error:
            kind = path.partition("://")[0]
            raise ValueError(
                f"{parameter}={path}: {error}; for s3:// install the extra s3 "
                f"(pip install 'mmctr[s3]'), for {kind}:// the library that fsspec "
                "names"
            ) from error
        self._root = root.rstrip("/")
        self.is_local = _is_local(self._filesystem)
        self.place = self._root if self.is_local else path.rstrip("/")

    def find(self, table: str, *, follow_links: bool = False) -> RawTable | None:
        """Find the file or files of a table.

        Args:
            table: One of :data:`TABLES`.
            follow_links: Whether files may be symbolic links.

        Returns:
            The files; None where there are none.

        Raises:
            FileNotFoundError: If the folder does not exist.
            ValueError: If it is a file, a table is there twice, a folder holds no
                table or a file is a link and must not be one.
        """
        there = self._names()
        named = [
            x for x in (table, *(table + ending for ending in FORMS)) if x in there
        ]
        if len(named) > 1:
            raise ValueError(
                f"{self.place} holds {table} more than once: {' and '.join(named)}; "
                "keep one of them"
            )
        if not named:
            return None
        found = self._table(table, named[0], is_folder=there[named[0]])
        if found.is_local and not follow_links:
            for file in found.files:
                if link := link_problem(Path(file)):
                    raise ValueError(
                        f"{link}, or allow links with --params "
                        "preparation.reading.follow_links=true"
                    )
        return found

    def expect(self, table: str, *, follow_links: bool = False) -> RawTable:
        """Find the file or files of a table that must be there.

        Raises:
            FileNotFoundError: If there is none; it says what is there.
            ValueError: As :meth:`find`.
        """
        found = self.find(table, follow_links=follow_links)
        if found is not None:
            return found
        there = ", ".join(sorted(x for x in self._names() if not x.startswith(".")))
        raise FileNotFoundError(
            f"{table}.parquet is missing in {self.place} (it holds "
            f"{there or 'nothing'}); expected a parquet file, a folder {table} of "
            f"parquet files, or {table}.csv, .tsv, .csv.gz or .tsv.gz; set the folder "
            f"with --params {self._parameter}=DIR"
        )

    def _names(self) -> dict[str, bool]:
        """Names in the folder, and whether each is a folder."""
        self._filesystem.invalidate_cache()
        try:
            if self._filesystem.isfile(self._root):
                raise ValueError(
                    f"{self._parameter}={self.place} is a file; name the folder that "
                    f"holds it (--params {self._parameter}=DIR)"
                )
            listed = self._filesystem.ls(self._root, detail=True)
        except FileNotFoundError:
            raise FileNotFoundError(
                f"interactions.parquet is missing in {self.place} (that folder does "
                f"not exist); set the folder with --params {self._parameter}=DIR"
            ) from None
        except Exception as error:
            if self.is_local or isinstance(error, ValueError):
                raise
            # Every kind of store has errors of its own.
            raise ValueError(
                f"{self._parameter}={self.place} can't be listed: {error}; check the "
                "address, the network and the credentials of the store"
            ) from error
        names = [(each["name"].rstrip("/"), each["type"]) for each in listed]
        return {
            PurePosixPath(name).name: kind == "directory"
            or (kind != "file" and self._filesystem.isdir(name))
            for name, kind in names
            if name != self._root
        }

    def _table(self, table: str, name: str, *, is_folder: bool) -> RawTable:
        path, place = f"{self._root}/{name}", f"{self.place}/{name}"
        if not is_folder:
            ending = name.removeprefix(table)
            return RawTable(table, place, name, (path,), None, ending, self._filesystem)
        files = sorted(
            file for file in self._filesystem.find(path) if _is_data(file, path)
        )
        endings = {_ending(file) for file in files}
        if len(endings) != 1:
            found = ", ".join(sorted(map(str, endings))) or "none"
            raise ValueError(
                f"{place} is a folder with files of these kinds: {found}; expected "
                f"files of one kind ({', '.join(FORMS)})"
            )
        (ending,) = endings
        return RawTable(
            table, place, name, tuple(files), path, ending, self._filesystem
        )


def link_problem(path: Path) -> str | None:
    """Say what to do about a link, which may lead to anything; folders may be links."""
    if not path.is_symlink():
        return None
    return (
        f"{path} is a link, which is not followed: put the file itself there, or name "
        "its folder (--params raw_dir=DIR)"
    )


def remote_hashes(table: RawTable) -> dict[str, str]:
    """Tell remote files' versions by what their store says of them, without reading.

    Args:
        table: Files that are not on this machine.

    Returns:
        By the file's name: its size and etag or checksum, else all that its store
        says of it, the time of its last change too.
    """
    hashes = {}
    for file in table.files:
        info = table.filesystem.info(file)
        marks = [info.get(x) for x in _MARKS]
        mark = next((str(x).strip('"') for x in marks if x), None)
        mark = mark or table.filesystem.checksum(file)
        hashes[table.label(file)] = f"{info.get('size')} {mark}"
    return hashes


def _is_local(filesystem: Any) -> bool:
    return isinstance(filesystem, LocalFileSystem)


def _is_data(file: str, folder: str) -> bool:
    """Whether it is no mark or log of the program that wrote the folder."""
    parts = PurePosixPath(file).relative_to(folder).parts
    return not any(part.startswith((".", "_")) for part in parts) and bool(
        _ending(file)
    )


def _ending(file: str) -> str | None:
    return next((ending for ending in FORMS if file.endswith(ending)), None)
