"""Texts of all items to one matrix of unit vectors, and a report of how."""

import time
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from pydantic import Field

from mmctr.content.embedders.cache import EmbeddingCache
from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.embedders.protocol import (
    Embedder,
    EmbedderContext,
    EmbeddingUsage,
)
from mmctr.content.providers import TEXT_PROVIDER
from mmctr.content.vectors import ModalityParams
from mmctr.runtime.progress import is_shown
from mmctr.runtime.scale.params import ONE_MACHINE, ScaleParams
from mmctr.runtime.unit_rows import normalize_rows

# No larger number in a vector: rounding noise of a text without a known feature.
_ZERO = 1e-12
# So many different texts never share a vector; two may, by case or accents alone.
_TOO_MANY_EQUAL = 8


class EmbeddingReport(EmbeddingUsage):
    """How the titles were embedded."""

    provider: str
    """Name of the provider."""
    version: str
    """Provider, model, width and package."""
    rows: int
    """Number of items."""
    width: int
    """Numbers per vector."""
    unique_titles: int
    """Different titles that are not empty."""
    empty_titles: int
    """Items without a title."""
    empty_title: str
    """What those items got: zero, placeholder, or own_row (precomputed)."""
    zero_rows: int
    """Items whose vector is zero, for any reason."""
    failed: int = 0
    """Different titles that failed; a run with any writes no report."""
    embedded_with: list[str] = Field(default_factory=list)
    """Modalities embedded in the same call: cached, sent, requests, tokens, cost and
    seconds are those of all together."""
    seconds: float
    """From the titles to their vectors."""


Embedded = tuple[np.ndarray, EmbeddingReport]
"""Vectors ``[n_items, d]`` float32, row i for item i, and how they were made. Every row
has length 1 within 1e-6, save the ``zero_rows`` of the report, which are exactly zero.
"""


def embed_texts(
    texts: Sequence[str | None],
    params: EmbeddingParams,
    scale: ScaleParams = ONE_MACHINE,
) -> Embedded:
    """Embed one text per item by the default provider; see :func:`embed_modalities`."""
    modality = ModalityParams(column="text")
    return embed_modalities({"text": (texts, modality)}, params, scale)["text"]


def embed_modalities(
    modalities: Mapping[str, tuple[Sequence[str | None], ModalityParams]],
    params: EmbeddingParams,
    scale: ScaleParams = ONE_MACHINE,
) -> dict[str, Embedded]:
    """Embed the texts of the items, of any number of modalities.

    White space around a text is removed, equal texts are embedded once, and items
    without a text are treated as ``params.empty_title`` says. Modalities of a service
    that is paid are embedded in one call, so that a limit of the cost holds for all of
    them together; others each by themselves, so that another modality does not change
    how texts are batched, and with it the rounding of their vectors.

    Args:
        modalities: By name the text of every item, ``None`` where there is none, and
            the modality's parameters.
        params: Providers and policy.
        scale: Whether workers of a cluster embed them, by a model that runs here.

    Returns:
        Vectors and report of each.

    Raises:
        ValueError: If there is nothing to embed, a vector is not finite, or the
            provider's own settings or files are wrong.
        EmbeddingError: If a service or the cache fails.
        DryRun: If only the plan was asked for.
        EmbeddingStopped: If the user stopped it.
    """
    groups: dict[tuple[str, str], dict[str, Sequence[str | None]]] = {}
    for name, (texts, modality) in modalities.items():
        provider = params.provider_of(modality)
        alone = "" if provider == "openai" else name
        groups.setdefault((provider, alone), {})[name] = texts
    found: dict[str, Embedded] = {}
    for (provider, alone), group in groups.items():
        settings = params.settings_of(provider, modalities.get(alone, (None, None))[1])
        found |= _embed_group(group, provider, settings, params, scale)
    return found


def _embed_group(
    group: Mapping[str, Sequence[str | None]],
    provider: str,
    settings: Any,
    params: EmbeddingParams,
    scale: ScaleParams,
) -> dict[str, Embedded]:
    """Embed the texts of modalities by one call of their provider."""
    started = time.perf_counter()
    stripped = {
        name: ["" if text is None else text.strip() for text in texts]
        for name, texts in group.items()
    }
    texts = list(chain.from_iterable(stripped.values()))
    if not texts:
        raise ValueError("items has no rows: there are no titles to embed")
    kind = TEXT_PROVIDER.load(provider)
    empty_title = "own_row" if kind.depends_on == "row" else params.empty_title
    named = texts
    if empty_title == "placeholder":
        named = [text or params.placeholder.strip() for text in texts]
    path = params.cache if kind.depends_on == "text" else None
    with EmbeddingCache(path) as cache:
        context = EmbedderContext(
            cache=cache,
            device=params.device,
            seed=params.seed,
            titles=len(named) - named.count(""),
            show_progress=is_shown(params.progress),
            scale=scale,
        )
        embedder: Embedder = kind(settings, context)
        if kind.depends_on == "row":
            vectors, usage = embedder.embed(named)
        else:
            vectors, usage = _embed_unique(named, embedder)
        version = embedder.version()
    found: dict[str, Embedded] = {}
    for place, (name, own) in enumerate(stripped.items()):
        rows = vectors[place * len(own) : (place + 1) * len(own)]
        zero_rows = _normalize(rows, own, version)
        found[name] = (
            rows,
            EmbeddingReport(
                provider=provider,
                version=version,
                rows=len(own),
                width=rows.shape[1],
                unique_titles=len(set(own) - {""}),
                empty_titles=own.count(""),
                empty_title=empty_title,
                zero_rows=zero_rows,
                embedded_with=[other for other in stripped if other != name],
                seconds=round(time.perf_counter() - started, 3),
                **usage.model_dump(),
            ),
        )
    return found


def _embed_unique(
    texts: list[str], embedder: Embedder
) -> tuple[np.ndarray, EmbeddingUsage]:
    """Embed every different text once; returns ``[n, d]`` float32, not normalised."""
    position = {
        text: row for row, text in enumerate(dict.fromkeys(filter(None, texts)))
    }
    if not position:
        raise ValueError(
            f"all {len(texts)} titles are empty: check the title column, or take "
            "vectors made elsewhere (embedding.provider=precomputed)"
        )
    unique, usage = embedder.embed(list(position))
    if unique.ndim != 2 or len(unique) != len(position):
        raise ValueError(
            f"{embedder.version()} returned an array {list(unique.shape)} for "
            f"{len(position)} titles; expected one row per title"
        )
    _check_different(unique, embedder)
    vectors = np.empty((len(texts), unique.shape[1]), dtype=np.float32)
    rows = np.array([position.get(text, 0) for text in texts])
    # Another mode than "raise" makes no second copy of all rows.
    np.take(np.asarray(unique, np.float32), rows, axis=0, out=vectors, mode="clip")
    vectors[[not text for text in texts]] = 0
    return vectors, usage


def _check_different(vectors: np.ndarray, embedder: Embedder) -> None:
    """Refuse an embedder that gives different texts ``[n, d]`` one vector."""
    few, first = vectors[:_TOO_MANY_EQUAL], vectors[:1]
    if len(few) < _TOO_MANY_EQUAL or (few != first).any() or not first.any():
        return
    if (vectors == first).all():
        raise ValueError(
            f"{embedder.version()} gives all {len(vectors):,} different texts the same "
            "vector: check the model or service (embedding.provider), and name another "
            "embedding.cache, as this one may hold these vectors"
        )


def _normalize(vectors: np.ndarray, texts: list[str], version: str) -> int:
    """Scale the rows of ``[n, d]`` to length 1 in place; count rows left at zero."""
    # No copy of all rows, which would double the peak of memory.
    largest = np.maximum(vectors.max(axis=1), -vectors.min(axis=1))
    bad = np.flatnonzero(~np.isfinite(largest))[:5].tolist()
    if bad:
        raise ValueError(
            f"the vector of row {bad[0]} of items (title {texts[bad[0]][:80]!r}) holds "
            f"NaN or infinity, as do these first ones: rows {bad} (item_id "
            f"{[row + 1 for row in bad]}); check the model or file it came from, "
            f"{version}"
        )
    is_zero = largest <= _ZERO
    vectors[is_zero] = 0
    normalize_rows(vectors)
    return int(is_zero.sum())
