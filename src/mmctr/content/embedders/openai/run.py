"""One call of the embedder: what it works with, and what became of its texts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mmctr.content.embedders.cache import EmbeddingCache
from mmctr.content.embedders.errors import EmbeddingError, EmbeddingStopped
from mmctr.content.embedders.openai.client import Service
from mmctr.content.embedders.params import OpenAIParams

_REASONS_SHOWN = 3


@dataclass
class EmbeddingRun:
    """What one call of the embedder works with, and its results so far.

    Attributes:
        service: Address, key and retries.
        cache: Where vectors and unfinished batches are stored.
        params: Model, sizes, waits and limits.
        space: Space of the vectors, see
            :func:`~mmctr.content.embedders.cache.vector_key`.
        width: Width of the vectors; None: not known before the first one.
        show_progress: Whether a bar is drawn on stderr.
        failures: Why a text has no vector, by key. A text that failed in one request
            may have a vector from another, in the cache.
        under_way: Keys of texts whose batches go on at the service.
        ended_by: Why the run ended before all was done; empty if nothing ended it.
        is_stopped: Whether it was the user.
        tokens: Tokens the service counted in every request that was answered, None
            where it counts none.
    """

    service: Service
    cache: EmbeddingCache
    params: OpenAIParams
    space: str
    width: int | None = None
    show_progress: bool = False
    failures: dict[bytes, str] = field(default_factory=dict)
    under_way: set[bytes] = field(default_factory=set)
    ended_by: str = ""
    is_stopped: bool = False
    tokens: list[int | None] = field(default_factory=list)

    def store(self, keys: Sequence[bytes], vectors: np.ndarray) -> None:
        """Store vectors, whose width then holds for all that follow."""
        self.width = vectors.shape[1]
        self.cache.store(keys, vectors)

    def fail(self, keys: Sequence[bytes], reason: str) -> None:
        """Note why texts get no vector; a later reason takes an earlier one's place."""
        self.failures.update(dict.fromkeys(keys, reason))

    def raise_if_incomplete(self, keys: Sequence[bytes], n_texts: int) -> None:
        """Say how far the run came, unless all is done.

        Args:
            keys: Keys of the texts that had no vector.
            n_texts: Different texts of the data set.

        Raises:
            EmbeddingStopped: If the user stopped it.
            EmbeddingError: If a text has no vector.
        """
        missing = set(keys) - self.cache.known(keys)
        if not missing and not self.is_stopped:
            return
        parts = [f"{n_texts - len(missing):,} of {n_texts:,} done"]
        failed = missing & self.failures.keys()
        # In the order of the keys, as equally frequent reasons come in theirs.
        failures = Counter(self.failures[key] for key in keys if key in failed)
        if failures:
            shown = [reason for reason, _ in failures.most_common(_REASONS_SHOWN)]
            more = len(failures) - len(shown)
            parts.append(
                f"{len(failed):,} failed: {'; or: '.join(shown)}"
                f"{f'; and {more} more reasons' if more else ''}"
            )
        under_way = len((missing & self.under_way) - failed)
        if under_way:
            parts.append(
                f"{under_way:,} still under way: their batches go on at the service "
                "and will not be sent again"
            )
        rest = len(missing) - len(failed) - under_way
        if rest:
            parts.append(f"{rest:,} not sent")
        why = f" ({self.ended_by})" if self.ended_by else ""
        message = f"{', '.join(parts)}{why}; run again to resume"
        raise EmbeddingStopped(message) if self.is_stopped else EmbeddingError(message)
