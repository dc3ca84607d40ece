"""Nodes of the embedding pipeline."""

from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.content.covers.embed_images import embed_images
from mmctr.content.embedders.embed import embed_titles
from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.vectors import finish_vectors
from mmctr.data.datasets import GivenVectors
from mmctr.data.zero_vectors import warn_of_zero_vectors


def embed_item_titles(
    items: pa.Table, params: EmbeddingParams
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Embed the title of every item.

    Args:
        items: One row per item, with a ``title`` column of strings (null: none).
        params: Provider and policy. The providers ``precomputed`` and
            ``sentence_transformers`` read a file or model the parameters name.

    Returns:
        ``title_vectors`` ``[n_items + 1, d]`` float32: row i is item i, row 0 is
        padding; items without a title may have the zero vector. ``title_center``
        ``[d]``, what was subtracted from them. The report of
        :class:`~mmctr.content.embedders.embed.EmbeddingReport` as plain values.

    Raises:
        ValueError: If there is no title column, or the titles can't be embedded.
    """
    if "title" not in items.column_names:
        raise ValueError(
            "items has no column 'title' (columns: "
            f"{', '.join(items.column_names)}): run the preparation pipeline"
        )
    titles = items.column("title").to_pylist()
    embedded, report = embed_titles(titles, params)
    # Items are numbered from 1.
    warn_of_zero_vectors("title vectors", embedded, range(1, len(titles) + 1))
    vectors, center = finish_vectors(embedded, params.vectors.title, "title vectors")
    return vectors, center, report.model_dump(mode="json")


def embed_item_images(
    item_id_mapping: pa.Table,
    given_image_vectors: GivenVectors,
    title_center: np.ndarray,
    params: EmbeddingParams,
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Embed the cover of every item, or take the vectors that the source gives.

    Args:
        item_id_mapping: ``original_id`` of every item, in the order of ``items``; the
            name of its cover.
        given_image_vectors: The source's, with the ids of its items.
        title_center: Not read. It makes titles come first, so that a dry run or a bill
            above the limit ends the run before hours go into covers.
        params: ``images`` says where the covers are and what embeds them: the node
            reads files that a parameter names.

    Returns:
        ``image_vectors`` ``[n_items + 1, d]`` float32: row i is item i, row 0 is
        padding; an item without a usable cover has the zero vector. ``image_center``
        ``[d]``, what was subtracted from them. The report, an
        :class:`~mmctr.content.covers.image_report.ImageEmbeddingReport`, as plain
        values.

    Raises:
        ValueError: If rows don't fit, or the covers can't be embedded.
    """
    item_ids = item_id_mapping["original_id"].to_pylist()
    if given_image_vectors.item_ids != item_ids:
        raise ValueError(
            "given_image_vectors: the source's items are not those of item_id_mapping; "
            "give the raw_dir that preparation had, or run the preparation pipeline "
            "again"
        )
    embedded, report = embed_images(item_ids, given_image_vectors.vectors, params)
    vectors, center = finish_vectors(embedded, params.vectors.image, "image vectors")
    return vectors, center, report.model_dump(mode="json")
