"""What every text embedder can do, and how it ends where it does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


class EmbeddingError(RuntimeError):
    """A provider could not embed the texts; the message says what to do."""


class EmbeddingStopped(KeyboardInterrupt):
    """The user stopped the work; the message says what is kept and how to resume.

    No ``Exception``, as stopping is no error that anything should catch and report.
    """


class DryRun(SystemExit):
    """The plan was all that was wanted: the program ends well, with nothing done."""

    def __init__(self, plan: str) -> None:
        """Take the plan in words; it is the text of this exception."""
        super().__init__(0)
        self.plan = plan

    def __str__(self) -> str:
        """The plan."""
        return self.plan

    def __reduce__(self) -> tuple[type["DryRun"], tuple[str]]:
        """Let another process's runner hand it over."""
        return type(self), (self.plan,)


@dataclass(frozen=True)
class EmbeddingUsage:
    """What one call of :meth:`Embedder.embed` took.

    Attributes:
        cut_texts: Texts longer than the provider's limit, of which the end was lost.
        cached: Texts whose vectors were kept from earlier runs, ``None`` where none
            are kept.
        sent: Texts sent, ``None`` where nothing is sent.
        requests: Requests sent, ``None`` where nothing is sent.
        tokens: Tokens the service counted, ``None`` where it counts none.
        cost_bound_usd: What the texts sent cost at most, ``None`` where no price is
            known.
    """

    cut_texts: int = 0
    cached: int | None = None
    sent: int | None = None
    requests: int | None = None
    tokens: int | None = None
    cost_bound_usd: float | None = None


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
