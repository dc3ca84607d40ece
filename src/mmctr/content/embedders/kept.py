"""A local embedder whose vectors are kept, so that a killed run is resumed."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from mmctr.content.embedders.cache import EmbeddingCache, vector_key
from mmctr.content.embedders.protocol import Embedder, EmbeddingUsage
from mmctr.runtime.progress import track

# A few seconds of a CPU's work: what a kill costs at most.
_TEXTS_PER_STEP = 256


class LocalEmbedder(Embedder, Protocol):
    """An embedder whose vectors depend on their own text alone."""

    def count_cut(self, texts: Sequence[str]) -> int:
        """Count texts over the model's limit; nothing is embedded."""


class KeptEmbedder:
    """Embeds what the cache does not hold, step by step, and reads all from there."""

    def __init__(
        self,
        local: LocalEmbedder,
        cache: EmbeddingCache,
        *,
        show_progress: bool = False,
    ) -> None:
        """Take embedder and cache.

        Args:
            local: Makes the vectors.
            cache: Where they are kept.
            show_progress: Whether a bar is drawn on stderr.
        """
        self._local = local
        self._cache = cache
        self._show_progress = show_progress
        self._usage = EmbeddingUsage(cached=0)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts.

        Args:
            texts: ``n`` texts.

        Returns:
            Vectors ``[n, d]`` float32.

        Raises:
            EmbeddingCacheError: If the cache can't be used.
        """
        space = self._local.version()
        keys = [vector_key(space, text) for text in texts]
        known = self._cache.known(keys)
        unique = dict(zip(keys, texts, strict=True))
        missing = [(key, text) for key, text in unique.items() if key not in known]
        # Texts of like lengths together need the least padding; the longest first, so
        # that the time left is no promise that the end breaks.
        missing.sort(key=lambda pair: len(pair[1]), reverse=True)
        steps = range(0, len(missing), _TEXTS_PER_STEP)
        for start in track(
            steps, "Embedding titles", len(steps), show=self._show_progress
        ):
            part = missing[start : start + _TEXTS_PER_STEP]
            vectors = self._local.embed([text for _, text in part])
            self._cache.store([key for key, _ in part], vectors)
        self._usage = EmbeddingUsage(
            cut_texts=self._local.count_cut(texts), cached=len(known)
        )
        return self._cache.load(keys)

    def version(self) -> str:
        """The local embedder's."""
        return self._local.version()

    def usage(self) -> EmbeddingUsage:
        """Say how many texts of the last call were cut, and how many were kept."""
        return self._usage
