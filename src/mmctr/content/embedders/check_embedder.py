"""What an embedder of one's own must do, checked on a few texts."""

import typing
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.embedders.protocol import Embedder, EmbedderContext, EmbeddingUsage
from mmctr.content.providers import TEXT_PROVIDER, TEXT_PROVIDERS
from mmctr.runtime.extensions import NoSettings, raise_problems

_TEXTS = (
    *("red car", "blue boat", "a", "Ünïcödé ☂ 文字", 'it\'s "quoted"', "tab\there"),
    *(f"title number {number}" for number in range(20)),
    "a long title " * 200,
)
_CLOSE = {"rtol": 1e-3, "atol": 1e-5}
_NEEDED = ("depends_on", "embed", "version")


def check_embedder(
    embedder: str | type, options: Mapping[str, Any] | None = None
) -> None:
    """Check an embedder of titles on a few texts.

    Args:
        embedder: ``package.module:Class``, a name of
            :data:`~mmctr.content.providers.TEXT_PROVIDERS`, or the class itself.
        options: Its settings, as ``embedding.options`` has them.

    Raises:
        CheckError: With a sentence on each thing that is wrong.
        ValueError: If there is no such class.

    Example:
        >>> check_embedder("lsa", {"dimensions": 4})
    """
    made = TEXT_PROVIDER.load(embedder) if isinstance(embedder, str) else embedder
    settings = getattr(made, "Settings", NoSettings)
    if embedder in TEXT_PROVIDERS:
        settings = EmbeddingParams.model_fields[embedder].annotation
    check = _Check(made, settings, dict(options or {}))
    raise_problems(made.__name__, check.problems)


class _Check:
    """One class and its settings."""

    def __init__(self, made: type, settings: Any, options: dict[str, Any]) -> None:
        self._made = made
        self._settings = settings
        self._options = options

    def problems(self) -> Iterator[str]:
        """Sentences on what is wrong."""
        missing = [name for name in _NEEDED if not hasattr(self._made, name)]
        if missing:
            yield f"it lacks {', '.join(missing)}"
            return
        depends_on = self._made.depends_on
        (kinds,) = typing.get_args(Embedder.__annotations__["depends_on"])
        known = typing.get_args(kinds)
        if depends_on not in known:
            yield f"depends_on is {depends_on!r}, expected one of {', '.join(known)}"
        embedder, texts = self._build(), list(_TEXTS)
        version = embedder.version()
        if not isinstance(version, str) or not version:
            yield "version() is no text"
        found = embedder.embed(texts)
        if not isinstance(found, tuple) or len(found) != 2:
            yield "embed returns no pair of vectors and EmbeddingUsage"
            return
        vectors, usage = found
        if not isinstance(usage, EmbeddingUsage):
            yield f"embed returns {type(usage).__name__}, expected EmbeddingUsage"
        if texts != list(_TEXTS):
            yield "embed changes the list of texts"
        shape = self._shape(vectors)
        if shape:
            yield shape
            return
        yield from self._repeatable(vectors, version)
        if depends_on == "text":
            yield from self._independent(embedder, vectors)

    def _build(self) -> Any:
        context = EmbedderContext(device="cpu", seed=7)
        return self._made(self._settings.model_validate(self._options), context)

    def _shape(self, vectors: Any) -> str | None:
        if not isinstance(vectors, np.ndarray) or vectors.dtype != np.float32:
            kind = getattr(vectors, "dtype", type(vectors).__name__)
            return f"vectors are {kind}, expected an array of float32"
        if vectors.ndim != 2 or len(vectors) != len(_TEXTS) or not vectors.shape[1]:
            return (
                f"vectors have shape {list(vectors.shape)}, expected [{len(_TEXTS)}, "
                "d]: one row per text, in their order"
            )
        if not np.isfinite(vectors).all():
            return "vectors hold NaN or infinity"
        if (vectors == vectors[0]).all():
            return "all texts have the same vector"
        return None

    def _repeatable(self, vectors: np.ndarray, version: str) -> Iterator[str]:
        again = self._build()
        if again.version() != version:
            yield "version() differs between two of the same settings"
        if not np.allclose(again.embed(list(_TEXTS))[0], vectors, **_CLOSE):
            yield "two of the same settings and seed give different vectors"

    def _independent(self, embedder: Any, vectors: np.ndarray) -> Iterator[str]:
        turned, _ = embedder.embed(list(_TEXTS[::-1]))
        alone = [embedder.embed([text])[0] for text in _TEXTS[:5]]
        same = turned.shape == vectors.shape and all(
            one.shape == (1, vectors.shape[1]) for one in alone
        )
        if (
            not same
            or not np.allclose(turned[::-1], vectors, **_CLOSE)
            or not np.allclose(np.concatenate(alone), vectors[:5], **_CLOSE)
        ):
            yield (
                "the vector of a text depends on the other texts or their order; if it "
                "must, set depends_on = 'all_texts'"
            )
