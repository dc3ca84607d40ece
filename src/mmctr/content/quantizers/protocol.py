"""The interface of every quantiser."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:  # torch takes a second to import; a type needs none of it
    import torch


@dataclass(frozen=True)
class FitReport:
    """How a fit went."""

    steps: int
    """Levels fitted, or training steps taken."""
    reconstruction: float
    """Mean squared error per value: over all items, or over the held-out ones."""


class Quantizer(Protocol):
    """Vectors to codes and back.

    A code is stored as k+1 for codeword k, so codes are 1..``codebook_size`` and 0 is
    left to padding.
    """

    @property
    def positions(self) -> int:
        """Codes per item."""

    @property
    def codebook_size(self) -> int:
        """Codewords per codebook."""

    @property
    def shared_codebook(self) -> bool:
        """Whether all positions read one codebook; else each has its own."""

    def fit(self, vectors: np.ndarray) -> FitReport:
        """Learn the codebooks from ``[n, d]`` float32 vectors."""

    def encode(self, vectors: np.ndarray) -> np.ndarray:
        """Turn ``[n, d]`` float32 vectors into ``[n, positions]`` int32 codes."""

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Turn ``[n, positions]`` codes into ``[n, d]`` float32 vectors."""

    def settings(self) -> dict[str, Any]:
        """JSON-ready description; with :meth:`state` it rebuilds the quantiser."""

    def state(self) -> "dict[str, torch.Tensor]":
        """The fitted values, as named tensors."""

    def load_state(self, state: "dict[str, torch.Tensor]") -> None:
        """Load what :meth:`state` returned."""
