"""What every image embedder can do."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mmctr.content.covers.image_params import ImageParams

if TYPE_CHECKING:  # an optional dependency
    from PIL.Image import Image


class ImageEmbedder(Protocol):
    """Turns images into vectors of one width.

    A class that is entered in :mod:`~mmctr.content.providers` is built with
    the :class:`~mmctr.content.covers.image_params.ImageParams` and the name of a
    device.
    """

    width: int

    def __init__(self, params: ImageParams, *, device: str) -> None:
        """Load the model."""

    def prepare(self, image: "Image") -> Any:
        """Shrink an image, so that a whole batch takes little memory.

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
