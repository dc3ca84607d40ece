"""The SQLite file under the cache: opened late, shared by processes, errors for people.

SQLite's defaults are right here. ``journal_mode=DELETE`` keeps one file and works in
network folders. ``synchronous=FULL`` puts every transaction on the disk before it
returns, so that a power cut loses no paid vector. ``timeout`` makes processes wait for
each other's transactions.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mmctr.content.embedders.errors import EmbeddingError

# Marks the kind of file among SQLite files ("mmEC").
_APPLICATION_ID = 0x6D6D4543
_VERSION = 1
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS vectors (
    key BLOB PRIMARY KEY, checksum INTEGER NOT NULL, vector BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, space TEXT NOT NULL, status TEXT NOT NULL,
    created REAL NOT NULL, keys BLOB NOT NULL);
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
COMMIT;
"""
_WAIT_SECONDS = 60.0


class EmbeddingCacheError(EmbeddingError):
    """The cache file can't be used; the message says what to do."""


class CacheFile:
    """One SQLite file; several threads may share the object."""

    def __init__(self, path: Path | None) -> None:
        """Open the file if it exists; the first transaction creates it.

        Args:
            path: The file; None: memory, for as long as the object lives.

        Raises:
            EmbeddingCacheError: If it can't be opened or created, or is no such file.
        """
        self.path = None if path is None else path.expanduser()
        self.name = f"the embedding cache {self.path or 'in memory'}"
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        if self.path is None:
            self._connect()
            return
        # Refused before vectors are paid for.
        folder = next(f for f in self.path.absolute().parents if f.exists())
        if self.path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
            raise EmbeddingCacheError(
                f"no file can be written at {self.path}: choose another "
                "embedding.cache, or change the permissions of its folder"
            )
        if self.path.exists():
            self._connect()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def read(self, query: str, values: Sequence[object]) -> list[tuple]:
        """Fetch all rows of a query; none from a file that does not exist."""
        with self._lock, self._explained():
            if self._connection is None and (
                self.path is None or not self.path.exists()
            ):
                return []
            return self._connect().execute(query, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all changes or none; the file is created if it does not exist."""
        with self._lock, self._explained(), self._connect() as connection:
            yield connection

    def _connect(self) -> sqlite3.Connection:
        """Open the file once, and create it if it does not exist."""
        with self._lock, self._explained():
            if self._connection is not None:
                return self._connection
            if self.path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self.path or ":memory:",
                timeout=_WAIT_SECONDS,
                isolation_level="IMMEDIATE",
                check_same_thread=False,
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Create the tables in a new file; refuse a file of another kind."""
        # One statement sees one state, whatever another process is writing.
        [(owner, version, tables)] = connection.execute(
            "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master) "
            "FROM pragma_application_id, pragma_user_version"
        ).fetchall()
        if (owner, version, tables) == (0, 0, 0):
            # Two processes may both be the first: the second finds it done.
            connection.executescript(_SCHEMA)
        elif (owner, version) != (_APPLICATION_ID, _VERSION):
            raise EmbeddingCacheError(
                f"{self.name} is an SQLite file, but no embedding cache of this "
                "version: choose another embedding.cache, or move it away"
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn SQLite's errors into what a person can do."""
        try:
            yield
        except sqlite3.ProgrammingError:  # a defect of this code
            raise
        except OSError as error:
            raise EmbeddingCacheError(f"{self.name}: {error}") from error
        except UnicodeDecodeError as error:  # names or words that were overwritten
            raise EmbeddingCacheError(f"{self.name}: {_DAMAGED}") from error
        except sqlite3.Error as error:
            code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
            advice = _ADVICE.get(code, _DAMAGED)
            raise EmbeddingCacheError(
                f"{self.name}: {advice} (SQLite says: {error})"
            ) from error


_DAMAGED = (
    "the file is damaged, or no SQLite file. Move it away and run again: its vectors "
    "are then computed again; `sqlite3 FILE .recover | sqlite3 NEW` may save some"
)
_ADVICE = {
    sqlite3.SQLITE_BUSY: f"another process held it for {_WAIT_SECONDS:.0f} seconds: "
    "wait until that one ends, then run again",
    sqlite3.SQLITE_LOCKED: "another process holds it: wait until it ends",
    sqlite3.SQLITE_FULL: "the disk is full: make room, then run again to resume",
    sqlite3.SQLITE_READONLY: "it is not writable: change its permissions, or choose "
    "another embedding.cache",
    sqlite3.SQLITE_PERM: "it may not be opened: change its permissions",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened: is it a file in a writable folder? "
    "Otherwise choose another embedding.cache",
    sqlite3.SQLITE_IOERR: "the disk or network folder failed: check it, then run again "
    "to resume",
}
