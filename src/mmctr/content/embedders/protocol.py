"""What every embedder of titles can do, what it gets and what it reports."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict

from mmctr.content.embedders.cache import EmbeddingCache
from mmctr.runtime.scale.params import ScaleParams


class EmbeddingUsage(BaseModel):
    """What one call of :meth:`Embedder.embed` took."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cut_titles: int = 0
    """Different titles too long for the model, whose end was cut off."""
    cached: int | None = None
    """Different titles whose vectors were in the cache; null: no cache."""
    precision: str | None = None
    """What a local model computed in: fp32 or bf16; null: not known here."""
    sent: int | None = None
    """Different titles sent; null: nothing is ever sent."""
    requests: int | None = None
    """Requests sent; null: nothing is ever sent."""
    tokens: int | None = None
    """Tokens the service counted; null: unknown."""
    cost_bound_usd: float | None = None
    """Upper bound of the cost of what was sent; null: no price."""


@dataclass(frozen=True)
class EmbedderContext:
    """What an embedder gets beside its own settings; it uses what it needs.

    Attributes:
        cache: Where vectors of earlier runs are.
        device: Where a local model runs: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        seed: Seed of whatever is random.
        titles: How many items the texts belong to; None: one per text.
        show_progress: Whether a progress bar is drawn on stderr.
        scale: Whether workers of a cluster embed many texts.
    """

    cache: EmbeddingCache = field(default_factory=lambda: EmbeddingCache(None))
    device: str = "auto"
    seed: int = 0
    titles: int | None = None
    show_progress: bool = False
    scale: ScaleParams = field(default_factory=ScaleParams)


class Embedder(Protocol):
    """Turns texts into vectors of one width.

    A class that is entered in :mod:`~mmctr.content.providers` is built with
    its settings and an :class:`EmbedderContext`.

    Attributes:
        depends_on: What a vector depends on: its own ``text`` alone (only then are
            vectors cached, and can new titles be embedded later), ``all_texts`` of the
            call, or the ``row`` of its item (then ``embed`` gets one text per item).
    """

    depends_on: ClassVar[Literal["text", "all_texts", "row"]]

    def embed(self, texts: Sequence[str]) -> tuple[np.ndarray, EmbeddingUsage]:
        """Embed texts.

        Args:
            texts: ``n`` different texts, none of them blank; where vectors depend on
                the row, the title of every item.

        Returns:
            Vectors ``[n, d]`` float32 in the order of ``texts``, of any length, and
            what that took.
        """

    def version(self) -> str:
        """Name provider, model, width and package: whatever changes the vectors."""
