"""Covers to vectors by a CLIP model on this machine."""

from collections.abc import Sequence
from importlib.metadata import version as package_version
from pathlib import Path

import numpy as np
from PIL import Image
from sentence_transformers import SentenceTransformer

from mmctr.content.covers.image_params import ImageParams
from mmctr.content.embedders.loading import loading
from mmctr.runtime.device import resolve_device
from mmctr.runtime.hashing import folder_fingerprint

# Models read a few hundred pixels: they need nothing that is cut or scaled away here.
_LONGEST_TO_SHORTEST = 4
_SHORTEST = 1024


class ClipEmbedder:
    """An image model that sentence-transformers loads, in float32.

    Loading never goes to the network. Its own processor crops, scales and normalises.
    """

    def __init__(self, params: ImageParams, *, device: str = "auto") -> None:
        """Load the model.

        Args:
            params: ``model`` is a directory, or a name in the Hugging Face cache of
                this machine.
            device: Where it runs.

        Raises:
            ValueError: If it is not there or embeds no images.
        """
        model = str(params.model)
        directory = Path(model).expanduser()
        is_directory = directory.is_dir()
        self._name = (
            f"{directory.resolve().name}@{folder_fingerprint(directory)}"
            if is_directory
            else model
        )
        device_name = str(resolve_device(device))
        with loading(
            f"embedding.images.model: no image model could be loaded from {model}",
            "the directory of a CLIP model written by SentenceTransformer.save, or the "
            "name of one in this machine's Hugging Face cache; models are never "
            "downloaded",
        ):
            loaded = SentenceTransformer(
                str(directory) if is_directory else model,
                device=device_name,
                local_files_only=True,
            )
            self._model = loaded.float().eval()
            self.width = self.embed([Image.new("RGB", (8, 8))]).shape[1]

    def prepare(self, image: Image.Image) -> Image.Image:
        """Bound the size; anything else is left to the model's processor.

        Args:
            image: RGB.

        Returns:
            The image, its ends cut off where it is longer than four times its width,
            and scaled down where its shorter side is over 1024.
        """
        short = min(image.size)
        width, height = (min(x, _LONGEST_TO_SHORTEST * short) for x in image.size)
        left, top = (image.width - width) // 2, (image.height - height) // 2
        image = image.crop((left, top, left + width, top + height))
        if short > _SHORTEST:
            size = (width * _SHORTEST // short, height * _SHORTEST // short)
            image = image.resize(size, Image.Resampling.BICUBIC)
        return image

    def embed(self, prepared: Sequence[Image.Image]) -> np.ndarray:
        """Embed a batch.

        Args:
            prepared: ``n`` images from :meth:`prepare`.

        Returns:
            Vectors ``[n, width]`` float32.
        """
        vectors = self._model.encode(
            list(prepared),
            batch_size=len(prepared),
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return np.asarray(vectors, dtype=np.float32)

    def version(self) -> str:
        """Name model, width and packages."""
        package = package_version("sentence-transformers")
        return (
            f"sentence_transformers/{self._name}/width-{self.width}"
            f"/sentence-transformers-{package}/pillow-{package_version('pillow')}"
        )
