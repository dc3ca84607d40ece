"""Nodes of the embedding pipeline."""

from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.content.covers.embed_images import embed_images
from mmctr.content.embedders import EmbeddingParams, embed_titles
from mmctr.data.zero_vectors import warn_of_zero_vectors


def embed_item_titles(
    item_feature: pa.Table, params: EmbeddingParams
) -> tuple[np.ndarray, dict[str, Any]]:
    """Embed the title of every item.

    Args:
        item_feature: One row an item, with a ``title`` column of strings (null: none).
        params: Provider and policy. The providers ``precomputed`` and
            ``sentence_transformers`` read a file or model the parameters name.

    Returns:
        ``title_embeddings`` ``[n_items, d]`` float32, row i for row i of
        ``item_feature``, of length 1 (rows without a title may be zero), and the report
        of :class:`~mmctr.content.embedders.EmbeddingReport` as plain values.

    Raises:
        ValueError: If there is no title column, or the titles can't be embedded.
    """
    if "title" not in item_feature.column_names:
        raise ValueError(
            "item_feature has no column 'title' (columns: "
            f"{', '.join(item_feature.column_names)}): run the preparation pipeline"
        )
    titles = item_feature.column("title").to_pylist()
    embeddings, report = embed_titles(titles, params)
    # Items are numbered from 1, in the order of item_feature.
    warn_of_zero_vectors("title vectors", embeddings, range(1, len(titles) + 1))
    return embeddings, report.model_dump(mode="json")


def embed_item_images(
    item_id_mapping: pa.Table, given_image_vectors: np.ndarray, params: EmbeddingParams
) -> tuple[np.ndarray, dict[str, Any]]:
    """Embed the cover of every item, or pass on what the source gives.

    Args:
        item_id_mapping: ``original_id`` of every item, in the order of
            ``item_feature``; the name of its cover.
        given_image_vectors: ``[n_items, d]`` float32; d is 0 where there are none.
        params: ``images`` says where the covers are and what embeds them: the node
            reads files that a parameter names.

    Returns:
        ``image_vectors`` ``[n_items, d]`` float32, row i for row i of
        ``item_feature``, and the report of
        :class:`~mmctr.content.embedders.ImageEmbeddingReport` as plain values. Vectors
        of covers have length 1, or are zero where an item has no usable one; given ones
        are as they were.

    Raises:
        ValueError: If rows don't fit, or the covers can't be embedded.
    """
    rows, items = len(given_image_vectors), item_id_mapping.num_rows
    if rows != items:
        raise ValueError(
            f"given_image_vectors has {rows} rows for {items} items: run the "
            "preparation pipeline again"
        )
    item_ids = item_id_mapping["original_id"].to_pylist()
    vectors, report = embed_images(item_ids, given_image_vectors, params)
    return vectors, report.model_dump(mode="json")
