"""Titles of all items to one matrix of unit vectors, and a report of how."""

import time
from collections.abc import Sequence
from pkgutil import resolve_name

import numpy as np

from mmctr.content.embedders.cache import EmbeddingCache
from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.embedders.protocol import (
    Embedder,
    EmbedderContext,
    EmbeddingUsage,
)
from mmctr.content.providers import TITLE_PROVIDERS
from mmctr.runtime.progress import is_shown
from mmctr.runtime.unit_rows import normalize_rows

# No larger number in a vector: rounding noise of a text without a known feature.
_ZERO = 1e-12


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
    seconds: float
    """From the titles to their vectors."""


def embed_titles(
    titles: Sequence[str | None], params: EmbeddingParams
) -> tuple[np.ndarray, EmbeddingReport]:
    """Embed the titles of the items.

    White space around a title is removed, equal titles are embedded once, and items
    without a title are treated as ``params.empty_title`` says.

    Args:
        titles: Title of every item, ``None`` where there is none.
        params: Provider and policy.

    Returns:
        Vectors ``[n_items, d]`` float32, row i for item i. Every row has length 1
        within 1e-6, save the ``zero_rows`` of the report, which are exactly zero.
        Beside it the report.

    Raises:
        ValueError: If there is nothing to embed, a vector is not finite, or the
            provider's own settings or files are wrong.
        EmbeddingError: If a service or the cache fails.
        DryRun: If only the plan was asked for.
        EmbeddingStopped: If the user stopped it.
    """
    started = time.perf_counter()
    texts = ["" if title is None else title.strip() for title in titles]
    if not texts:
        raise ValueError("items has no rows: there are no titles to embed")
    kind = resolve_name(TITLE_PROVIDERS[params.provider])
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
        )
        embedder: Embedder = kind(getattr(params, params.provider), context)
        if kind.depends_on == "row":
            vectors, usage = embedder.embed(named)
        else:
            vectors, usage = _embed_unique(named, embedder)
        version = embedder.version()
    zero_rows = _normalize(vectors, texts, version)
    return vectors, EmbeddingReport(
        provider=params.provider,
        version=version,
        rows=len(texts),
        width=vectors.shape[1],
        unique_titles=len(set(texts) - {""}),
        empty_titles=texts.count(""),
        empty_title=empty_title,
        zero_rows=zero_rows,
        seconds=round(time.perf_counter() - started, 3),
        **usage.model_dump(),
    )


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
    vectors = np.empty((len(texts), unique.shape[1]), dtype=np.float32)
    rows = np.array([position.get(text, 0) for text in texts])
    # Another mode than "raise" makes no second copy of all rows.
    np.take(np.asarray(unique, np.float32), rows, axis=0, out=vectors, mode="clip")
    vectors[[not text for text in texts]] = 0
    return vectors, usage


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
