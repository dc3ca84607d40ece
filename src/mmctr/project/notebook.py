"""For questions about codes: which items are similar, which codes does this title have?

For notebooks; no pipeline needs it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mmctr.content.embedders.embed import embed_modalities
from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.providers import TEXT_PROVIDER
from mmctr.content.quantizers.protocol import Quantizer
from mmctr.content.vectors import ModalityParams, finish_new_vectors


class Nearest(NamedTuple):
    """Rows of a matrix, the nearest first, and how near each is."""

    rows: np.ndarray
    scores: np.ndarray


def encode_titles(
    titles: Sequence[str],
    center: np.ndarray,
    quantizer: Quantizer,
    embedding: EmbeddingParams,
) -> np.ndarray:
    """Find the codes that items with these titles would have.

    Args:
        titles: ``k`` titles, none of them blank.
        center: ``[d]``, that of the titles in ``vector_centers``.
        quantizer: The titles' fitted quantiser, from
            :func:`~mmctr.content.quantizers.factory.load_quantizer`.
        embedding: How the items' titles were embedded; ``openai`` sends the titles.

    Returns:
        Codes ``[k, positions]`` int32 from 1.

    Raises:
        ValueError: If a title is blank, or the provider embeds no text by itself.
        EmbeddingError: If the embedding service or the cache fails.
    """
    modality = embedding.modalities["title"] or ModalityParams(column="title")
    provider = embedding.provider_of(modality)
    if TEXT_PROVIDER.load(provider).depends_on != "text":
        raise ValueError(
            f"embedding.provider {provider} has no vector for a title of "
            "your own: it knows those of the items alone; run the project with "
            "embedding.provider=sentence_transformers"
        )
    blank = [place for place, title in enumerate(titles) if not title.strip()]
    if blank:
        raise ValueError(f"title {blank[0]} is blank; write some words")
    embedded = embed_modalities({"title": (titles, modality)}, embedding)
    vectors, _ = embedded["title"]
    return quantizer.encode(finish_new_vectors(vectors, center, modality))


def nearest_by_codes(query: np.ndarray, codes: np.ndarray, *, top: int = 10) -> Nearest:
    """Find the items that share most codes with one.

    Args:
        query: ``[positions]`` codes from 1.
        codes: ``[n, positions]`` of all items.
        top: How many to return.

    Returns:
        Up to ``top`` rows and at how many positions each agrees. Of equals, those come
        first that agree in more codes from the first on, then the first in the table.

    Raises:
        ValueError: If the positions differ.
    """
    _check_width(query, codes, "codes")
    agrees = codes == query
    shared = agrees.sum(axis=1)
    prefix = np.logical_and.accumulate(agrees, axis=1).sum(axis=1)
    rows = np.lexsort((-prefix, -shared))[:top]
    return Nearest(rows, shared[rows])


def nearest_by_vectors(
    query: np.ndarray, vectors: np.ndarray, *, top: int = 10
) -> Nearest:
    """Find the items whose vectors point most nearly where one does.

    Args:
        query: ``[d]`` float32.
        vectors: ``[n, d]`` float32.
        top: How many to return.

    Returns:
        Up to ``top`` rows and their cosines; a zero vector has cosine 0.

    Raises:
        ValueError: If the widths differ.
    """
    _check_width(query, vectors, "vectors")
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(query)
    cosines = vectors @ query / np.where(lengths > 0, lengths, 1.0)
    rows = np.argsort(-cosines, kind="stable")[:top]
    return Nearest(rows, cosines[rows])


def _check_width(query: np.ndarray, matrix: np.ndarray, what: str) -> None:
    if query.shape != matrix.shape[1:]:
        raise ValueError(
            f"{what} have shape {list(matrix.shape)}: expected a query of shape "
            f"[{matrix.shape[1]}], got {list(query.shape)}"
        )
