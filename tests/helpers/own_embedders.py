"""Embedders of titles and covers that are not this project's, to be entered."""

from collections.abc import Sequence

import numpy as np
from PIL import Image
from pydantic import BaseModel

from mmctr.content.covers.image_params import ImageParams
from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.embedders.protocol import EmbedderContext, EmbeddingUsage


class LengthParams(BaseModel, extra="forbid"):
    """Settings of :class:`LengthEmbedder`."""

    width: int = 2


class OwnParams(EmbeddingParams):
    """The project's parameters and those of an own embedder."""

    lengths: LengthParams = LengthParams()


class LengthEmbedder:
    """A title's vector: its length, and ones."""

    depends_on = "text"
    Settings = LengthParams

    def __init__(self, params: LengthParams, context: EmbedderContext) -> None:
        self._width = params.width
        self._seed = context.seed

    def embed(self, texts: Sequence[str]) -> tuple[np.ndarray, EmbeddingUsage]:
        """Vectors ``[n, width]``."""
        vectors = np.ones((len(texts), self._width), np.float32)
        vectors[:, 0] = [len(text) for text in texts]
        return vectors, EmbeddingUsage()

    def version(self) -> str:
        """Width and seed."""
        return f"lengths/width-{self._width}/seed-{self._seed}"


class MeanColour:
    """A cover's vector: the mean of its pixels."""

    width = 3

    def __init__(self, params: ImageParams, *, device: str) -> None:
        self._device = device

    def prepare(self, image: Image.Image) -> np.ndarray:
        """Mean colour ``[3]``."""
        return np.asarray(image, dtype=np.float32).mean(axis=(0, 1))

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Vectors ``[n, 3]``."""
        return np.stack(prepared)

    def version(self) -> str:
        """Where it runs."""
        return f"mean-colour/{self._device}"
