"""What every text embedder can do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


class EmbeddingError(RuntimeError):
    """A provider could not embed the texts; the message says what to do."""


@dataclass(frozen=True)
class EmbeddingUsage:
    """What one call of :meth:`Embedder.embed` took.

    Attributes:
        cut_texts: Texts longer than the provider's limit, of which the end was lost.
        requests: Requests sent, ``None`` where nothing is sent.
        tokens: Tokens the service counted, ``None`` where it counts none.
    """

    cut_texts: int = 0
    requests: int | None = None
    tokens: int | None = None


class Embedder(Protocol):
    """Turns texts into vectors of one width."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts.

        Args:
            texts: ``n`` texts, none of them blank.

        Returns:
            Vectors ``[n, d]`` float32 in the order of ``texts``, of any length.
        """

    def version(self) -> str:
        """Name provider, model, width and package: whatever changes the vectors."""

    def usage(self) -> EmbeddingUsage:
        """Say what the last call of :meth:`embed` took."""
