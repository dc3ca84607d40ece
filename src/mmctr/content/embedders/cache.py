"""Vectors that were paid for once, in one SQLite file that all data sets share.

A vector's key is the SHA-256 of its *space* (provider, its version, model and width:
whatever changes vectors) and its text, so a changed model never finds old vectors.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self, TypeVar

import numpy as np

from mmctr.content.embedders.sqlite_file import EmbeddingCacheError, SqliteFile

# Tells this kind of file from any other SQLite file ("mmEC").
_APPLICATION_ID = 0x6D6D4543
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    key BLOB PRIMARY KEY, checksum INTEGER NOT NULL, vector BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, space TEXT NOT NULL, status TEXT NOT NULL,
    created REAL NOT NULL, keys BLOB NOT NULL);
"""
_ROWS_PER_STEP = 1000
_FLOAT = np.dtype("<f4")
_KEY_BYTES = 32

T = TypeVar("T")

__all__ = ["EmbeddingCache", "EmbeddingCacheError", "PendingBatch", "vector_key"]


@dataclass(frozen=True)
class PendingBatch:
    """A batch job whose vectors were not collected yet.

    Attributes:
        id: Our name of the job; the service's own is part of the status.
        space: Space of the vectors, see :func:`vector_key`.
        status: What is known of the job; free text.
        created: Unix seconds.
        keys: Keys of the texts that the job holds, in the order they were sent.
    """

    id: str
    space: str
    status: str
    created: float
    keys: tuple[bytes, ...]


def vector_key(space: str, text: str) -> bytes:
    """Name the vector of a text.

    Args:
        space: Provider, its version, model and width.
        text: The text as it is embedded.

    Returns:
        32 bytes.
    """
    return sha256(f"{space}\0{text}".encode()).digest()


class EmbeddingCache:
    """Vectors by key; every method is one transaction or some short reads.

    Several threads may share one object, and several processes one file.
    """

    def __init__(self, path: Path | None) -> None:
        """Open the file, if it is there; the first vector makes it.

        Args:
            path: The file; None: memory, for as long as the object lives.

        Raises:
            EmbeddingCacheError: If it can't be opened or made, or is no such file.
        """
        self._file = SqliteFile(
            path, application_id=_APPLICATION_ID, version=_VERSION, schema=_SCHEMA
        )

    @property
    def path(self) -> Path | None:
        """The file; None: memory."""
        return self._file.path

    def __enter__(self) -> Self:
        """Use it as a context."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; what was stored is on the disk already."""
        self._file.close()

    def known(self, keys: Sequence[bytes]) -> set[bytes]:
        """Tell which vectors are there.

        Args:
            keys: Any number of keys.

        Returns:
            Those of them that have a vector.
        """
        found: set[bytes] = set()
        for part in _parts(keys):
            # Nothing but question marks is put in.
            sql = f"SELECT key FROM vectors WHERE key IN ({_marks(part)})"  # nosec B608
            found.update(row[0] for row in self._file.read(sql, part))
        return found

    def load(self, keys: Sequence[bytes]) -> np.ndarray:
        """Read vectors and check each.

        Args:
            keys: ``n`` keys that are all there; one may occur twice.

        Returns:
            Vectors ``[n, d]`` float32 in the order of ``keys``.

        Raises:
            EmbeddingCacheError: If one is missing, has another width than the others,
                or is not what was stored. Those are removed, so that the next run asks
                for them anew.
        """
        vectors: np.ndarray | None = None
        damaged: list[bytes] = []
        for start in range(0, len(keys), _ROWS_PER_STEP):
            part = keys[start : start + _ROWS_PER_STEP]
            # Nothing but question marks is put in.
            query = (
                "SELECT key, checksum, vector FROM vectors "  # nosec B608
                f"WHERE key IN ({_marks(part)})"
            )
            rows = {
                key: (checksum, v) for key, checksum, v in self._file.read(query, part)
            }
            for offset, key in enumerate(part):
                if key not in rows:
                    raise EmbeddingCacheError(
                        f"a vector is missing in {self._file.name()}: did something "
                        "else change the file? Run again to ask for it"
                    )
                checksum, blob = rows[key]
                if not _is_whole(key, checksum, blob):
                    damaged.append(key)
                    continue
                vector = np.frombuffer(blob, _FLOAT)
                if vectors is None:
                    vectors = np.empty((len(keys), vector.size), dtype=np.float32)
                if vector.size != vectors.shape[1]:
                    raise EmbeddingCacheError(
                        f"{self._file.name()} holds vectors {vectors.shape[1]} and "
                        f"{vector.size} wide of the same model: set its width "
                        "(embedding.openai.dimensions), or move the file away"
                    )
                vectors[start + offset] = vector
        if damaged:
            self._forget(damaged)
        return np.empty((0, 0), np.float32) if vectors is None else vectors

    def store(self, keys: Sequence[bytes], vectors: np.ndarray) -> None:
        """Store vectors, all of them or none; those already there stay.

        Args:
            keys: ``n`` keys.
            vectors: ``[n, d]``, finite.

        Raises:
            ValueError: If the shapes don't fit or a number is not finite.
            EmbeddingCacheError: If the file can't be written.
        """
        if vectors.ndim != 2 or len(vectors) != len(keys) or vectors.shape[1] == 0:
            raise ValueError(
                f"{len(keys)} keys, but vectors of shape {list(vectors.shape)}"
            )
        with np.errstate(over="ignore"):  # a float64 may be infinite as float32
            narrow = vectors.astype(_FLOAT, copy=False)
        if not np.isfinite(narrow).all():
            raise ValueError("vectors that hold NaN or infinity are not kept")
        blobs = [row.tobytes() for row in narrow]
        rows = [
            (key, _checksum(key, blob), blob)
            for key, blob in zip(keys, blobs, strict=True)
        ]
        with self._file.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)", rows
            )

    def put_batch(self, batch: PendingBatch) -> None:
        """Remember a batch job, or what is newly known of it."""
        row = (batch.id, batch.space, batch.status, batch.created, b"".join(batch.keys))
        with self._file.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO batches VALUES (?,?,?,?,?)", row)

    def batches(self, space: str) -> list[PendingBatch]:
        """List the batch jobs of a space, the oldest first.

        Raises:
            EmbeddingCacheError: If one is not as it was written.
        """
        query = (
            "SELECT id, space, status, created, keys FROM batches "
            "WHERE space = ? ORDER BY created, id"
        )
        rows = self._file.read(query, [space])
        if not all(_is_batch(row) for row in rows):
            raise EmbeddingCacheError(
                f"{self._file.name()} holds a damaged batch job: move the file away "
                "and run again; what the job paid for is lost, the texts are asked anew"
            )
        return [PendingBatch(*rest, keys=_split_keys(joined)) for *rest, joined in rows]

    def remove_batch(self, batch_id: str) -> None:
        """Forget a batch job; nothing happens if it is not there."""
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM batches WHERE id = ?", (batch_id,))

    def _forget(self, damaged: list[bytes]) -> None:
        with self._file.transaction() as connection:
            connection.executemany(
                "DELETE FROM vectors WHERE key = ?", [(key,) for key in damaged]
            )
        raise EmbeddingCacheError(
            f"{len(damaged):,} vectors in {self._file.name()} were damaged (their "
            "checksum is another than when they were stored) and are removed: check "
            "the disk, then run again to ask for them anew"
        )


def _checksum(key: bytes, blob: bytes) -> int:
    return zlib.crc32(blob, zlib.crc32(key))


def _is_whole(key: bytes, checksum: object, blob: object) -> bool:
    return (
        isinstance(blob, bytes)
        and len(blob) > 0
        and len(blob) % _FLOAT.itemsize == 0
        and checksum == _checksum(key, blob)
        and bool(np.isfinite(np.frombuffer(blob, _FLOAT)).all())
    )


def _is_batch(row: tuple[object, ...]) -> bool:
    *texts, created, keys = row
    return (
        all(isinstance(text, str) for text in texts)
        and isinstance(created, float)
        and isinstance(keys, bytes)
        and len(keys) % _KEY_BYTES == 0
    )


def _split_keys(joined: bytes) -> tuple[bytes, ...]:
    steps = range(0, len(joined), _KEY_BYTES)
    return tuple(joined[start : start + _KEY_BYTES] for start in steps)


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _ROWS_PER_STEP):
        yield items[start : start + _ROWS_PER_STEP]


def _marks(items: Sequence[object]) -> str:
    return ",".join("?" * len(items))
