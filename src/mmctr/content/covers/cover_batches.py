"""Covers to vectors, one batch at a time, from the cache where it has them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import numpy as np

from mmctr.content.covers.cover_decoding import decode_cover
from mmctr.content.covers.cover_files import BrokenCoverError, CoverEntry, shown_name
from mmctr.content.covers.image_params import ImageParams
from mmctr.content.covers.image_protocol import ImageEmbedder
from mmctr.content.covers.image_report import BrokenCover
from mmctr.content.embedders.cache import EmbeddingCache, vector_key


class CoverBatches:
    """Reads, decodes and embeds; collects what is broken.

    A cover's key in the cache is made of the embedder's version and the file's content.
    A batch comes from the cache as a whole or not at all: a vector's last bits depend
    on the rest of its batch, and a resumed run must give those of an uninterrupted one.

    Attributes:
        broken: The covers so far that can't be used.
    """

    def __init__(
        self,
        embedder: ImageEmbedder,
        cache: EmbeddingCache | None,
        params: ImageParams,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            embedder: Makes the vectors.
            cache: Where vectors are stored; None: nowhere.
            params: The limits.
        """
        self.broken: list[BrokenCover] = []
        self._embedder = embedder
        self._cache = cache
        self._space = embedder.version()
        self._max_bytes = int(params.max_file_mb * 2**20)
        self._max_pixels = int(params.max_megapixels * 1e6)

    def embed(
        self, batch: Sequence[tuple[int, CoverEntry]]
    ) -> tuple[list[int], np.ndarray]:
        """Embed some covers.

        Args:
            batch: Row of the item and its file.

        Returns:
            The rows of usable covers, and their vectors ``[rows, d]``.

        Raises:
            ValueError: If the embedder makes vectors that are not finite.
            EmbeddingCacheError: If the cache can't be used.
        """
        files: dict[int, tuple[str, bytes]] = {}
        for row, entry in batch:
            with self._collecting(entry.name):
                files[row] = entry.name, entry.read(self._max_bytes)
        keys = {
            row: vector_key(self._space, sha256(data).hexdigest())
            for row, (_, data) in files.items()
        }
        asked = [*keys.values()]
        if files and self._cache and self._cache.known(asked) == {*asked}:
            return [*keys], self._cache.load(asked)
        prepared: dict[int, Any] = {}
        for row, (name, data) in files.items():
            with self._collecting(name):
                image = decode_cover(data, max_pixels=self._max_pixels)
                prepared[row] = self._embedder.prepare(image)
        if not prepared:
            return [], np.empty((0, self._embedder.width), np.float32)
        vectors = self._embedder.embed([*prepared.values()])
        if not np.isfinite(vectors).all():
            raise ValueError(f"{self._space} made vectors that hold NaN or infinity")
        if self._cache:
            self._cache.store([keys[row] for row in prepared], vectors)
        return [*prepared], vectors

    @contextmanager
    def _collecting(self, name: str) -> Iterator[None]:
        """Add a cover that turns out to be broken to the list."""
        try:
            yield
        except BrokenCoverError as error:
            reason = shown_name(str(error))
            self.broken.append(BrokenCover(file=shown_name(name), reason=reason))
