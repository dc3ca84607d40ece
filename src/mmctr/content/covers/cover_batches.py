"""Covers to unit vectors, a batch at a time, past a cache."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import numpy as np

from mmctr.content.covers.cover_decoding import decode_cover
from mmctr.content.covers.cover_files import (
    BrokenCoverError,
    CoverEntry,
    Covers,
    shown_name,
)
from mmctr.content.covers.image_params import ImageParams
from mmctr.content.covers.image_protocol import ImageEmbedder
from mmctr.content.covers.image_report import BrokenCover
from mmctr.content.embedders.cache import EmbeddingCache, vector_key

_MEGABYTE = 2**20


class CoverBatches:
    """Reads, decodes and embeds; notes what is broken.

    A cover's key in the cache is made of the embedder's version and the file's content.
    A batch comes from the cache as a whole or not at all: a vector's last bits depend
    on what it is computed with, and a resumed run shall give those of an uninterrupted
    one.

    Attributes:
        broken: The covers that can't be used, so far.
    """

    def __init__(
        self,
        covers: Covers,
        embedder: ImageEmbedder,
        cache: EmbeddingCache | None,
        params: ImageParams,
    ) -> None:
        """Bring together what a batch needs.

        Args:
            covers: Where files are read.
            embedder: What embeds them.
            cache: Where vectors are kept; None: nowhere.
            params: The limits.
        """
        self.broken: list[BrokenCover] = []
        self._covers = covers
        self._embedder = embedder
        self._cache = cache
        self._space = embedder.version()
        self._max_bytes = int(params.max_file_mb * _MEGABYTE)
        self._max_pixels = int(params.max_megapixels * 1e6)

    def embed(
        self, batch: Sequence[tuple[int, CoverEntry]]
    ) -> tuple[list[int], np.ndarray]:
        """Embed some covers.

        Args:
            batch: Row of the item and its file.

        Returns:
            The rows of usable covers, and their vectors ``[rows, d]`` of length 1.

        Raises:
            ValueError: If the embedder makes vectors that are not finite.
            EmbeddingCacheError: If the cache can't be used.
        """
        files = self._read(batch)
        keys = {
            row: vector_key(self._space, sha256(data).hexdigest())
            for row, (_, data) in files.items()
        }
        if not files:
            return [], np.empty((0, self._embedder.width), np.float32)
        wanted = [*keys.values()]
        if self._cache is not None and self._cache.known(wanted) == {*wanted}:
            return [*keys], _unit_rows(self._cache.load(wanted))
        prepared = self._prepare(files)
        if not prepared:
            return [], np.empty((0, self._embedder.width), np.float32)
        vectors = self._embedder.embed([*prepared.values()])
        if not np.isfinite(vectors).all():
            raise ValueError(f"{self._space} made vectors that hold NaN or infinity")
        if self._cache is not None:
            self._cache.store([keys[row] for row in prepared], vectors)
        return [*prepared], _unit_rows(vectors)

    def _read(
        self, batch: Sequence[tuple[int, CoverEntry]]
    ) -> dict[int, tuple[str, bytes]]:
        """Name and content of the files that can be read, by row."""
        files: dict[int, tuple[str, bytes]] = {}
        for row, entry in batch:
            name = shown_name(entry.name)
            with self._noting(name):
                files[row] = name, self._covers.read(entry, self._max_bytes)
        return files

    def _prepare(self, files: dict[int, tuple[str, bytes]]) -> dict[int, Any]:
        """What the embedder takes, by row, of those that can be decoded."""
        prepared: dict[int, Any] = {}
        for row, (name, data) in files.items():
            with self._noting(name):
                image = decode_cover(data, max_pixels=self._max_pixels)
                prepared[row] = self._embedder.prepare(image)
        return prepared

    @contextmanager
    def _noting(self, name: str) -> Iterator[None]:
        try:
            yield
        except BrokenCoverError as error:
            self.broken.append(BrokenCover(file=name, reason=shown_name(str(error))))


def _unit_rows(vectors: np.ndarray) -> np.ndarray:
    # In float64: norms shall be 1 to 1e-6.
    exact = vectors.astype(np.float64)
    norms = np.linalg.norm(exact, axis=1, keepdims=True)
    return (exact / np.where(norms > 0, norms, 1.0)).astype(np.float32)
