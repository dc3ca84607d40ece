"""The SQLite file under the cache: opened late, shared by processes, errors for people.

The file's settings, and why:

- ``journal_mode=DELETE``: one file, no ``-wal`` and ``-shm`` beside it. WAL needs
  shared memory, which network folders don't give, and its gain, readers that don't wait
  for a writer, is nothing at a few short transactions a second.
- ``synchronous=FULL``: a transaction is on the disk when it returns. A ``kill -9``
  would lose nothing without it, a power cut would; some milliseconds a request are
  little beside the second that the request took.
- ``busy_timeout``: processes wait for each other's transactions instead of failing.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mmctr.content.embedders.protocol import EmbeddingError

_WAIT_SECONDS = 60.0


class EmbeddingCacheError(EmbeddingError):
    """The cache file can't be used; the message says what to do."""


class SqliteFile:
    """One file of one kind; several threads may share the object."""

    def __init__(
        self, path: Path | None, *, application_id: int, version: int, schema: str
    ) -> None:
        """Open the file, if it is there; the first transaction makes it.

        Args:
            path: The file; None: memory, for as long as the object lives.
            application_id: Tells the kind of file from any other SQLite file.
            version: Version of the schema.
            schema: Statements that make the tables, with ``IF NOT EXISTS``.

        Raises:
            EmbeddingCacheError: If it can't be opened or made, or is no such file.
        """
        self._path = None if path is None else path.expanduser()
        self._application_id = application_id
        self._version = version
        self._schema = schema
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._check_folder()
        self._connect(create=False)

    @property
    def path(self) -> Path | None:
        """The file; None: memory."""
        return self._path

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _check_folder(self) -> None:
        """Refuse a path that can hold no file, before vectors are paid for."""
        if self._path is None:
            return
        folder = next(f for f in self._path.absolute().parents if f.exists())
        if self._path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
            raise EmbeddingCacheError(
                f"no file can be written at {self._path}: choose another "
                "embedding.cache, or give yourself the right to"
            )

    def _connect(self, *, create: bool) -> sqlite3.Connection | None:
        """Open the file once; None: it is not there and shall not be made."""
        with self._lock, self._explained():
            if self._connection is not None:
                return self._connection
            if self._path is not None:
                if not create and not self._path.exists():
                    return None
                self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                ":memory:" if self._path is None else self._path,
                timeout=_WAIT_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                self._prepare(self._connection)
            except (EmbeddingCacheError, UnicodeDecodeError, sqlite3.Error):
                self.close()
                raise
            return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = FULL")
        if self._is_ours():
            return
        # Two processes may both be the first: the second finds it done.
        with self.transaction():
            for statement in filter(str.strip, self._schema.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {self._application_id}")
            connection.execute(f"PRAGMA user_version = {self._version}")

    def _is_ours(self) -> bool:
        """Whether the file is a cache; False if it is new and empty."""
        # One statement sees one state, whatever another process is making of the file.
        [(owner, version, tables)] = self.read(
            "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master) "
            "FROM pragma_application_id, pragma_user_version",
            (),
        )
        if (owner, version, tables) == (0, 0, 0):
            return False
        if (owner, version) != (self._application_id, self._version):
            raise EmbeddingCacheError(
                f"{self.name()} is an SQLite file, but no embedding cache of this "
                "version: choose another embedding.cache, or move it away"
            )
        return True

    def read(self, query: str, values: Sequence[object]) -> list[tuple]:
        """Fetch all rows of a query; none of a file that is not there."""
        with self._lock, self._explained():
            connection = self._connect(create=False)
            if connection is None:
                return []
            return connection.execute(query, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all of it or nothing; the file is made if it is not there."""
        with self._lock, self._explained():
            connection = self._connect(create=True)
            if connection is None:  # create=True makes one
                raise RuntimeError("no connection was made")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite says into what a person can do."""
        try:
            yield
        except sqlite3.ProgrammingError:  # a defect of ours
            raise
        except OSError as error:
            raise EmbeddingCacheError(f"{self.name()}: {error}") from error
        except UnicodeDecodeError as error:  # names or words that were written over
            raise EmbeddingCacheError(f"{self.name()}: {_DAMAGED}") from error
        except sqlite3.Error as error:
            code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
            advice = _ADVICE.get(code, _DAMAGED)
            raise EmbeddingCacheError(
                f"{self.name()}: {advice} (SQLite says: {error})"
            ) from error

    def name(self) -> str:
        """Name it in a message."""
        place = "in memory" if self._path is None else str(self._path)
        return f"the embedding cache {place}"


_DAMAGED = (
    "the file is damaged, or no SQLite file. Move it away and run again, and its "
    "vectors are asked for anew; `sqlite3 FILE .recover | sqlite3 NEW` may save some"
)
_ADVICE = {
    sqlite3.SQLITE_BUSY: f"another process held it for {_WAIT_SECONDS:.0f} seconds: "
    "wait until that one ends, then run again",
    sqlite3.SQLITE_LOCKED: "another process holds it: wait until it ends",
    sqlite3.SQLITE_FULL: "the disk is full: make room, then run again to resume",
    sqlite3.SQLITE_READONLY: "it may not be written: give yourself the right to, or "
    "choose another embedding.cache",
    sqlite3.SQLITE_PERM: "it may not be opened: give yourself the right to",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened: is it a file in a folder that you "
    "may write to? Else choose another embedding.cache",
    sqlite3.SQLITE_IOERR: "the disk or network folder failed: check it, then run again "
    "to resume",
}
