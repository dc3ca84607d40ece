"""Typed parameters of the cover images."""

from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from mmctr.content.providers import CoverProvider
from mmctr.content.vectors import ModalityName
from mmctr.runtime.params import Params


class ImageParams(Params):
    """How the cover images of the items become vectors, where there are covers.

    Like ``embedding.precomputed.path``, ``path`` names files that the embedder opens
    itself, so that the graph stays the same whether there are covers or not.
    """

    path: Path | None = None
    """Folder or zip of images named after the items' ids (12077.jpg); null: no covers;
    the source's own image vectors are used if it has any."""
    modality: ModalityName = "image"
    """Name of the modality that the covers become."""
    replace_given: bool = False
    """Embed the covers though the source has such vectors of its own."""
    provider: CoverProvider = "efficientnet_lite0"
    """efficientnet_lite0 (1280 wide, weights come with the extra `images`),
    sentence_transformers (a CLIP model on this machine), or package.module:Class of an
    embedder of your own."""
    options: dict[str, Any] = {}
    """Settings of an embedder of your own."""
    model: str | None = Field(None, min_length=1)
    """For sentence_transformers: the directory of a saved model, or the name of one in
    this machine's Hugging Face cache; never downloaded."""
    batch_size: int = Field(16, ge=1)
    """Covers per forward pass; on a CPU larger batches are slower."""
    max_missing_share: float = Field(0.5, ge=0, le=1)
    """Share of items without a usable cover over which the run fails."""
    max_file_mb: float = Field(32, gt=0)
    """A larger file (in a zip: unpacked) counts as broken."""
    max_megapixels: float = Field(64, gt=0)
    """An image of more pixels counts as broken."""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.provider == "sentence_transformers" and self.model is None:
            raise ValueError(
                "embedding.images.provider is sentence_transformers but "
                "embedding.images.model is not set: name the directory of a saved "
                "CLIP model, or choose embedding.images.provider=efficientnet_lite0"
            )
        return self
