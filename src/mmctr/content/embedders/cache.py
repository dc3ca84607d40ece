"""Vectors of earlier runs, in one SQLite file that all data sets share.

A vector's key is the SHA-256 of its *space* (provider, its version, model and width:
whatever changes vectors) and its text, so a changed model never finds old vectors.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

import numpy as np

from mmctr.content.embedders.cache_file import CacheFile, EmbeddingCacheError

_ROWS_PER_STEP = 1000
_FLOAT = np.dtype("<f4")
_KEY_BYTES = 32

__all__ = ["EmbeddingCache", "EmbeddingCacheError", "PendingBatch", "vector_key"]


@dataclass(frozen=True)
class PendingBatch:
    """A batch job whose vectors were not collected yet.

    Attributes:
        id: This program's name of the job; the service's own is part of the status.
        space: Space of the vectors, see :func:`vector_key`.
        status: What is known of the job; free text.
        created: Unix seconds.
        keys: Keys of the texts of the job, in the order they were sent.
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
        """Open the file if it exists; the first vector creates it.

        Args:
            path: The file; None: memory, for as long as the object lives.

        Raises:
            EmbeddingCacheError: If it can't be opened or created, or is no such file.
        """
        self._file = CacheFile(path)
        self.path = self._file.path

    def __enter__(self) -> Self:
        """Use it as a context."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file; what was stored is on the disk already."""
        self._file.close()

    def known(self, keys: Sequence[bytes]) -> set[bytes]:
        """Return those keys that have a vector."""
        return {row[0] for row in self._rows("key", keys)}

    def load(self, keys: Sequence[bytes]) -> np.ndarray:
        """Read vectors and check each.

        Args:
            keys: ``n`` keys, each of which has a vector; one may occur twice.

        Returns:
            Vectors ``[n, d]`` float32 in the order of ``keys``.

        Raises:
            EmbeddingCacheError: If one is missing, has another width than the others,
                or is not what was stored. Damaged ones are removed, so that the next
                run computes them again.
        """
        if not keys:
            return np.empty((0, 0), np.float32)
        vectors: np.ndarray | None = None
        damaged: list[bytes] = []
        for start in range(0, len(keys), _ROWS_PER_STEP):
            part = keys[start : start + _ROWS_PER_STEP]
            rows = {key: row for key, *row in self._rows("key, checksum, vector", part)}
            if not rows.keys() >= set(part):
                raise EmbeddingCacheError(
                    f"a vector is missing in {self._file.name}: did something else "
                    "change the file? Run again to compute it"
                )
            damaged += [key for key in rows if not _is_whole(key, *rows[key])]
            if damaged:
                continue
            found = [np.frombuffer(rows[key][1], _FLOAT) for key in part]
            if vectors is None:
                vectors = np.empty((len(keys), found[0].size), dtype=np.float32)
            for row, vector in enumerate(found, start):
                if vector.size != vectors.shape[1]:
                    raise EmbeddingCacheError(
                        f"{self._file.name} holds vectors {vectors.shape[1]} and "
                        f"{vector.size} wide of the same model: set its width "
                        "(embedding.openai.dimensions), or move the file away"
                    )
                vectors[row] = vector
        if vectors is None or damaged:
            self._remove("vectors", "key", damaged)
            raise EmbeddingCacheError(
                f"{len(damaged):,} vectors in {self._file.name} were damaged (their "
                "checksum is not the one that was stored) and are removed: check the "
                "disk, then run again to compute them again"
            )
        return vectors

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
            raise ValueError("vectors that hold NaN or infinity are not stored")
        blobs = zip(keys, (row.tobytes() for row in narrow), strict=True)
        rows = [(key, _checksum(key, blob), blob) for key, blob in blobs]
        with self._file.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)", rows
            )

    def put_batch(self, batch: PendingBatch) -> None:
        """Store a batch job, or update its status."""
        row = (batch.id, batch.space, batch.status, batch.created, b"".join(batch.keys))
        with self._file.transaction() as connection:
            connection.execute("REPLACE INTO batches VALUES (?, ?, ?, ?, ?)", row)

    def batches(self, space: str) -> list[PendingBatch]:
        """List the batch jobs of a space, the oldest first.

        Raises:
            EmbeddingCacheError: If one is not as it was written.
        """
        query = "SELECT * FROM batches WHERE space = ? ORDER BY created, id"
        jobs = []
        for name, where, status, created, joined in self._file.read(query, [space]):
            if not (
                all(isinstance(text, str) for text in (name, where, status))
                and isinstance(created, float)
                and isinstance(joined, bytes)
                and len(joined) % _KEY_BYTES == 0
            ):
                raise EmbeddingCacheError(
                    f"{self._file.name} holds a damaged batch job: move the file away "
                    "and run again; what the job paid for is lost, its texts are sent "
                    "again"
                )
            places = range(0, len(joined), _KEY_BYTES)
            keys = tuple(joined[place : place + _KEY_BYTES] for place in places)
            jobs.append(PendingBatch(name, where, status, created, keys))
        return jobs

    def remove_batch(self, batch_id: str) -> None:
        """Remove a batch job; nothing happens if it is not there."""
        self._remove("batches", "id", [batch_id])

    def _rows(self, columns: str, keys: Sequence[bytes]) -> list[tuple]:
        """Rows of the vectors that are there; SQLite takes so many keys at once."""
        rows = []
        for start in range(0, len(keys), _ROWS_PER_STEP):
            part = keys[start : start + _ROWS_PER_STEP]
            marks = ",".join("?" * len(part))
            # Only names of columns and question marks are put in.
            query = f"SELECT {columns} FROM vectors WHERE key IN ({marks})"  # nosec B608
            rows += self._file.read(query, part)
        return rows

    def _remove(self, table: str, column: str, values: Sequence[object]) -> None:
        # Only names of this file are put in.
        query = f"DELETE FROM {table} WHERE {column} = ?"  # nosec B608
        with self._file.transaction() as connection:
            connection.executemany(query, [(value,) for value in values])


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
