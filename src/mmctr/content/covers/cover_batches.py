"""Covers to vectors, one batch at a time, from the cache where it has them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np

from mmctr.content.covers.cover_decoding import decode_cover
from mmctr.content.covers.cover_files import BrokenCoverError, CoverEntry, shown_name
from mmctr.content.covers.image_params import ImageParams
from mmctr.content.covers.image_protocol import ImageEmbedder
from mmctr.content.covers.image_report import BrokenCover
from mmctr.content.embedders.cache import EmbeddingCache, vector_key


@dataclass
class CoverBatches:
    """Reads, decodes and embeds; collects what is broken.

    A cover's key in the cache is made of the embedder's version and the file's content.
    A batch comes from the cache as a whole or not at all: a vector's last bits depend
    on the rest of its batch, and a resumed run must give those of an uninterrupted one.

    Attributes:
        embedder: Makes the vectors.
        cache: Where vectors are stored; None: nowhere.
        params: The limits.
        broken: The covers so far that can't be used.
    """

    embedder: ImageEmbedder
    cache: EmbeddingCache | None
    params: ImageParams
    broken: list[BrokenCover] = field(default_factory=list)

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
        space = self.embedder.version()
        files: dict[int, tuple[str, bytes]] = {}
        for row, entry in batch:
            with self._collecting(entry.name):
                files[row] = (
                    entry.name,
                    entry.read(int(self.params.max_file_mb * 2**20)),
                )
        keys = {
            row: vector_key(space, sha256(data).hexdigest())
            for row, (_, data) in files.items()
        }
        asked = [*keys.values()]
        if files and self.cache and self.cache.known(asked) == {*asked}:
            return [*keys], self.cache.load(asked)
        max_pixels = int(self.params.max_megapixels * 1e6)
        prepared: dict[int, Any] = {}
        for row, (name, data) in files.items():
            with self._collecting(name):
                image = decode_cover(data, max_pixels=max_pixels)
                prepared[row] = self.embedder.prepare(image)
        if not prepared:
            return [], np.empty((0, self.embedder.width), np.float32)
        vectors = self.embedder.embed([*prepared.values()])
        if not np.isfinite(vectors).all():
            raise ValueError(f"{space} made vectors that hold NaN or infinity")
        if self.cache:
            self.cache.store([keys[row] for row in prepared], vectors)
        return [*prepared], vectors

    @contextmanager
    def _collecting(self, name: str) -> Iterator[None]:
        """Add a cover that turns out to be broken to the list."""
        try:
            yield
        except BrokenCoverError as error:
            reason = shown_name(str(error))
            self.broken.append(BrokenCover(file=shown_name(name), reason=reason))
