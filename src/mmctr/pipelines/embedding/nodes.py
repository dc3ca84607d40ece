"""Nodes of the embedding pipeline."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.content.covers.embed_images import embed_images, report_given
from mmctr.content.embedders.embed import embed_modalities
from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.vectors import ModalityParams, finish_vectors
from mmctr.data.datasets import ItemContents
from mmctr.data.zero_vectors import warn_of_zero_vectors
from mmctr.pipelines.embedding.modalities import (
    find_modalities,
    log_modalities,
    text_of,
)
from mmctr.pipelines.going_on import load_start
from mmctr.runtime.scale.params import ONE_MACHINE, ScaleParams

# Kedro resolves these annotations in every command.
Arrays = dict[str, np.ndarray]


def embed_items(
    items: pa.Table,
    item_id_mapping: pa.Table,
    item_contents: ItemContents,
    params: EmbeddingParams,
    start_bundle: Path | None = None,
    scale: ScaleParams = ONE_MACHINE,
) -> tuple[Arrays, Arrays, dict[str, Any]]:
    """Embed every modality of the items, or take the vectors that the source gives.

    Texts come first, so that a dry run or a bill above the limit ends the run before
    hours go into covers.

    Args:
        items: One row per item, with a ``title`` column of strings (null: none).
        item_id_mapping: ``original_id`` of every item, in the order of ``items``; the
            name of its cover.
        item_contents: The source's columns, with the ids of its items.
        params: Modalities, providers and policy. ``images``, and the providers
            ``precomputed`` and ``sentence_transformers``, read files that the
            parameters name.
        start_bundle: Its centres are kept, and its items must have its vectors; None:
            the run starts from scratch.
        scale: Whether workers of a cluster embed titles and covers of many items.

    Returns:
        By modality: vectors ``[n_items + 1, d]`` float32, row i is item i and row 0 is
        padding, an item without content may have the zero vector, and d is 0 where the
        items have no such content; ``[d]``, what was subtracted from them; and a
        report as plain values, the items' column that they are made of beside an
        :class:`~mmctr.content.embedders.embed.EmbeddingReport` of texts, else an
        :class:`~mmctr.content.covers.image_report.ImageEmbeddingReport`.

    Raises:
        ValueError: If rows don't fit, a column is missing, or something can't be
            embedded.
    """
    item_ids = item_id_mapping["original_id"].to_pylist()
    if item_contents.item_ids != item_ids:
        raise ValueError(
            "item_contents: the source's items are not those of item_id_mapping; "
            "give the raw_dir that preparation had, or run the preparation pipeline "
            "again"
        )
    modalities = find_modalities(item_contents, params)
    log_modalities(item_contents, params, modalities)
    start = load_start(start_bundle)
    if start is not None:
        start.require_modalities(modalities)
    texts: dict[str, tuple[list[str | None], ModalityParams]] = {}
    for name, modality in modalities.items():
        text = text_of(name, modality, items, item_contents, params)
        if text is not None:
            texts[name] = (text, modality)
    embedded: dict[str, tuple[np.ndarray, Any]] = dict(
        embed_modalities(texts, params, scale)
    )
    vectors, centers, reports = {}, {}, {}
    for name, modality in modalities.items():
        if name not in embedded:
            embedded[name] = _given(name, modality, item_contents, params, scale)
        found, report = embedded.pop(name)
        if name != params.images.modality:  # preparation and covers tell of those
            warn_of_zero_vectors(f"{name} vectors", found, range(1, len(found) + 1))
        center = None if start is None else start.center(name, found.shape[1])
        vectors[name], centers[name] = finish_vectors(
            found, modality, f"{name} vectors", center
        )
        if start is not None:
            ids = item_id_mapping["original_id"]
            start.require_vectors(name, ids, vectors[name])
        reports[name] = {"column": modality.column, **report.model_dump(mode="json")}
    return vectors, centers, reports


def _given(
    name: str,
    modality: ModalityParams,
    contents: ItemContents,
    params: EmbeddingParams,
    scale: ScaleParams,
) -> tuple[np.ndarray, Any]:
    """Vectors of the source, or of the covers."""
    given = np.zeros((len(contents.item_ids), 0), np.float32)
    column = modality.column
    if column in contents.types and contents.is_vectors(column):
        given = contents.vectors(column)
    if name == params.images.modality:
        return embed_images(contents.item_ids, given, params, scale)
    return given, report_given(given)
