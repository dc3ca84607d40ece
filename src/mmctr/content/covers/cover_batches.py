"""Covers one batch at a time, from the cache where it has them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np

from mmctr.content.covers.cover_files import BrokenCoverError, CoverEntry
from mmctr.content.covers.encoding import CoverFile, EncodedCovers, ReadCovers
from mmctr.content.covers.image_params import ImageParams
from mmctr.content.covers.image_report import BrokenCover
from mmctr.content.embedders.cache import EmbeddingCache, vector_key


@dataclass
class CoverBatches:
    """Reads covers and stores their vectors; collects what is broken.

    A cover's key in the cache is made of the embedder's version and the file's content.
    A batch comes from the cache of earlier runs as a whole or not at all: a vector's
    last bits depend on the rest of its batch, and a resumed run must give those of an
    uninterrupted one, whoever embeds the batches.

    Attributes:
        version: Of the embedder.
        cache: Where vectors are stored; None: nowhere.
        params: The limits.
        broken: The covers so far that can't be used.
    """

    version: str
    cache: EmbeddingCache | None
    params: ImageParams
    broken: list[BrokenCover] = field(default_factory=list)
    _own: set[bytes] = field(default_factory=set)

    def read(self, batch: Sequence[tuple[int, CoverEntry]]) -> ReadCovers:
        """Read some covers, or their vectors.

        Args:
            batch: Row of the item and its file.

        Returns:
            What there is to embed.

        Raises:
            EmbeddingCacheError: If the cache can't be used.
        """
        found = ReadCovers()
        for row, entry in batch:
            try:
                data = entry.read(int(self.params.max_file_mb * 2**20))
            except BrokenCoverError as error:
                found.add_broken(entry.name, error)
                continue
            key = vector_key(self.version, sha256(data).hexdigest())
            found.files[row] = CoverFile(entry.name, key, data)
        if self.cache is None or not found.files:
            return found
        keys = {row: file.key for row, file in found.files.items()}
        asked = [*keys.values()]
        if self._own.isdisjoint(asked) and self.cache.known(asked) == {*asked}:
            vectors = self.cache.load(asked)
            known = EncodedCovers(keys, vectors, found.broken, from_cache=True)
            return ReadCovers(known=known)
        self._own.update(asked)
        return found

    def store(self, found: EncodedCovers) -> None:
        """Store the vectors of a batch.

        Args:
            found: In the order in which batches were read.

        Raises:
            ValueError: If the embedder makes vectors that are not finite.
            EmbeddingCacheError: If the cache can't be used.
        """
        self.broken += found.broken
        if found.from_cache or not found.keys:
            return
        if not np.isfinite(found.vectors).all():
            raise ValueError(f"{self.version} made vectors that hold NaN or infinity")
        if self.cache:
            self.cache.store([*found.keys.values()], found.vectors)
