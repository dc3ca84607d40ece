"""What every image embedder can do."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:  # an extra: this project runs without it
    from PIL.Image import Image


class ImageEmbedder(Protocol):
    """Turns images into vectors of one width."""

    width: int

    def prepare(self, image: "Image") -> Any:
        """Make an image small, so that a whole batch of them takes little memory.

        Args:
            image: RGB, of any size.

        Returns:
            What :meth:`embed` takes.
        """

    def embed(self, prepared: Sequence[Any]) -> np.ndarray:
        """Embed a batch.

        Args:
            prepared: ``n`` results of :meth:`prepare`.

        Returns:
            Vectors ``[n, width]`` float32 in their order, of any length.
        """

    def version(self) -> str:
        """Name provider, model, width and packages: whatever changes the vectors."""
