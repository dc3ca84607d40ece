"""Titles of all items to one matrix of unit vectors, and a report of how."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from mmctr.content.embedders.cache import EmbeddingCache
from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.embedders.protocol import Embedder, EmbeddingUsage
from mmctr.runtime.progress import is_shown

_ROWS_PER_STEP = 8192
# Providers whose vectors depend on their own text alone, and are worth keeping.
_KEPT = {"sentence_transformers", "openai"}
# Below this a norm is rounding noise of a text that no feature was found in.
_ZERO_NORM = 1e-12


class EmbeddingReport(BaseModel):
    """How the titles were embedded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str = Field(description="which of the providers")
    version: str = Field(description="provider, model, width and package")
    rows: int = Field(description="items")
    width: int = Field(description="numbers a vector")
    unique_titles: int = Field(description="different titles that are not empty")
    empty_titles: int = Field(description="items without a title")
    empty_title: str = Field(
        description="what those items got: zero, placeholder, or own_row (precomputed)"
    )
    zero_rows: int = Field(description="items whose vector is zero, of whatever cause")
    cut_titles: int = Field(description="different titles too long for the model")
    cached: int | None = Field(
        description="different titles whose vectors were kept from earlier runs; null: "
        "none are kept"
    )
    sent: int | None = Field(description="different titles sent; null: nothing is sent")
    failed: int = Field(
        0, description="different titles that failed; a run with any writes no report"
    )
    requests: int | None = Field(description="requests sent; null: nothing is sent")
    tokens: int | None = Field(description="tokens the service counted; null: unknown")
    cost_bound_usd: float | None = Field(
        description="what was sent costs at most; null: no price is known"
    )
    seconds: float = Field(description="from the titles to their vectors")


def embed_titles(
    titles: Sequence[str | None], params: EmbeddingParams
) -> tuple[np.ndarray, EmbeddingReport]:
    """Embed the titles of the items.

    White space around a title is dropped, equal titles are embedded once, and items
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
        DryRun: If the plan is all that is wanted.
        EmbeddingStopped: If the user stopped it.
    """
    begun = time.perf_counter()
    texts = ["" if title is None else title.strip() for title in titles]
    if not texts:
        raise ValueError("items has no rows: there are no titles to embed")
    if params.provider == "precomputed":
        vectors, version = _load_precomputed(len(texts), params)
        usage, policy = EmbeddingUsage(), "own_row"
    else:
        if params.empty_title == "placeholder":
            named = [text or params.placeholder.strip() for text in texts]
        else:
            named = texts
        titles_to_embed = len(named) - named.count("")
        with EmbeddingCache(_cache_path(params)) as cache:
            embedder = make_embedder(params, cache, titles=titles_to_embed)
            vectors = _embed_unique(named, embedder)
            version = embedder.version()
            usage, policy = embedder.usage(), params.empty_title
    zero_rows = _normalise_rows(vectors, texts, version)
    return vectors, EmbeddingReport(
        provider=params.provider,
        version=version,
        rows=len(texts),
        width=vectors.shape[1],
        unique_titles=len(set(texts) - {""}),
        empty_titles=texts.count(""),
        empty_title=policy,
        zero_rows=zero_rows,
        cut_titles=usage.cut_texts,
        cached=usage.cached,
        sent=usage.sent,
        requests=usage.requests,
        tokens=usage.tokens,
        cost_bound_usd=usage.cost_bound_usd,
        seconds=round(time.perf_counter() - begun, 3),
    )


def make_embedder(
    params: EmbeddingParams, cache: EmbeddingCache, *, titles: int | None = None
) -> Embedder:
    """Build the embedder that the parameters name.

    Args:
        params: Any provider but ``precomputed``, which embeds no text.
        cache: Keeps vectors that depend on their own text alone.
        titles: How many items the texts will belong to; None: one each.

    Returns:
        The embedder; its libraries are imported only now.

    Raises:
        ValueError: If its settings are wrong, or the provider embeds no text.
        EmbeddingError: If a service's address is wrong.
    """
    show_progress = is_shown(params.progress)
    if params.provider == "sentence_transformers":
        from mmctr.content.embedders.kept import KeptEmbedder
        from mmctr.content.embedders.sentence_transformer import (
            SentenceTransformerEmbedder,
        )

        local = SentenceTransformerEmbedder(
            params.sentence_transformers, device=params.device
        )
        return KeptEmbedder(local, cache, show_progress=show_progress)
    if params.provider == "openai":
        from mmctr.content.embedders.openai.openai_api import OpenAIEmbedder

        return OpenAIEmbedder(
            params.openai, cache, titles=titles, show_progress=show_progress
        )
    if params.provider == "lsa":
        from mmctr.content.embedders.lsa import LsaEmbedder

        return LsaEmbedder(params.lsa, seed=params.seed)
    raise ValueError(f"embedding.provider {params.provider} embeds no texts")


def _cache_path(params: EmbeddingParams) -> Path | None:
    return params.cache if params.provider in _KEPT else None


def _load_precomputed(n_items: int, params: EmbeddingParams) -> tuple[np.ndarray, str]:
    from mmctr.content.embedders.precomputed import PrecomputedVectors

    ready = PrecomputedVectors(params.precomputed)
    return ready.load(n_items), ready.version()


def _embed_unique(texts: list[str], embedder: Embedder) -> np.ndarray:
    """Embed every different text once; returns ``[n, d]`` float32, not normalised."""
    position = {
        text: row for row, text in enumerate(dict.fromkeys(filter(None, texts)))
    }
    if not position:
        raise ValueError(
            f"all {len(texts)} titles are empty: check the title column, or take "
            "vectors made elsewhere (embedding.provider=precomputed)"
        )
    unique = np.asarray(embedder.embed(list(position)), dtype=np.float32)
    if unique.ndim != 2 or len(unique) != len(position):
        raise ValueError(
            f"{embedder.version()} made an array {list(unique.shape)} of "
            f"{len(position)} titles; it must be one row a title"
        )
    vectors = np.zeros((len(texts), unique.shape[1]), dtype=np.float32)
    # Part by part, as a second copy of all rows would double the peak of memory.
    for start in range(0, len(texts), _ROWS_PER_STEP):
        part = enumerate(texts[start : start + _ROWS_PER_STEP], start)
        filled = [(row, position[text]) for row, text in part if text]
        if filled:
            to, source = map(list, zip(*filled, strict=True))
            vectors[to] = unique[source]
    return vectors


def _normalise_rows(vectors: np.ndarray, texts: list[str], version: str) -> int:
    """Scale the rows of ``[n, d]`` to length 1 in place; count rows left at zero."""
    zero_rows = 0
    for start in range(0, len(vectors), _ROWS_PER_STEP):
        # In float64: squares of float32 may overflow, and norms shall be 1 to 1e-6.
        part = vectors[start : start + _ROWS_PER_STEP].astype(np.float64)
        bad = np.flatnonzero(~np.isfinite(part).all(axis=1))
        if bad.size:
            rows = (start + bad[:5]).tolist()
            raise ValueError(
                f"the vector of row {rows[0]} of items (title "
                f"{texts[rows[0]][:80]!r}) holds NaN or infinity, as do these first "
                f"ones: rows {rows} (item_id {[row + 1 for row in rows]}); check the "
                f"model or file it came from, {version}"
            )
        norms = np.linalg.norm(part, axis=1, keepdims=True)
        empty = norms <= _ZERO_NORM
        part[empty[:, 0]] = 0.0
        vectors[start : start + _ROWS_PER_STEP] = part / np.where(empty, 1.0, norms)
        zero_rows += int(empty.sum())
    return zero_rows
