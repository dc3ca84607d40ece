"""Nodes of the embedding pipeline."""

from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.embedders import EmbeddingParams, embed_titles


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
        of :class:`~mmctr.embedders.EmbeddingReport` as plain values.

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
    return embeddings, report.model_dump(mode="json")
