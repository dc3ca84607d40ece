"""Vectors become codes, codes become the item table of the CTR model."""

import logging
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.pipelines.vectors import vector_column, vector_matrix
from mmctr.quantizers import QuantizationParams, fit_and_measure
from mmctr.schemas import MAX_LEVEL

logger = logging.getLogger(__name__)

# Codes, weights (named tensors), settings, health. Kedro resolves these annotations in
# every command, and torch takes a second to import: no torch types here.
Quantized = tuple[np.ndarray, dict[str, Any], dict[str, Any], dict[str, Any]]


def find_cold_items(item_feature: pa.Table, train: pa.Table) -> np.ndarray:
    """Mark the items that no train row has as its target or in its history.

    Args:
        item_feature: One row per item, ids 1..n in order.
        train: ``item_id`` int64 and ``item_seq`` list<int64> of item ids.

    Returns:
        bool ``[n]``; place i is item i + 1.
    """
    seen = np.zeros(item_feature.num_rows + 1, dtype=bool)
    # A mark an event: the events are many times the items.
    for targets in train["item_id"].chunks:
        seen[targets.to_numpy()] = True
    for histories in train["item_seq"].chunks:
        seen[histories.flatten().to_numpy()] = True
    return ~seen[1:]


def quantize_items(
    item_features: pa.Table, cold_items: np.ndarray, params: QuantizationParams
) -> tuple[Any, ...]:
    """Turn title and image vectors into codes, each modality with its own codebooks.

    One node for both: Kedro saves what a node returns, so that a modality that fails
    leaves the earlier artifacts of both as they were, and no mixture of two runs.

    Args:
        item_features: ``title_vector`` and ``image_vector`` list<float32>, one row per
            item.
        cold_items: Which items are not in train, bool ``[n]``; measured apart.
        params: Method, its settings, seed and device, and how health is measured.

    Returns:
        For titles, then for images: codes ``[n, positions]`` int32 (``[n, 0]`` where
        the lists are empty), the quantiser's weights, its settings, and the codebook's
        health.

    Raises:
        ValueError: If the vectors cannot be quantised or a codebook collapses; the
            message names the column.
    """
    titles = _quantize(item_features, "title_vector", cold_items, params)
    images = _quantize(item_features, "image_vector", cold_items, params)
    return *titles, *images


def report_codebooks(
    title_codebook: dict[str, Any], image_codebook: dict[str, Any]
) -> dict[str, Any]:
    """Put the health of both codebooks side by side.

    Args:
        title_codebook: The titles' health from :func:`quantize_items`.
        image_codebook: The images'.

    Returns:
        ``{"title": health, "image": health}``, None for an absent modality.
    """
    return {"title": _health(title_codebook), "image": _health(image_codebook)}


def build_item_table(
    item_features: pa.Table, title_codes: np.ndarray, image_codes: np.ndarray
) -> pa.Table:
    """Lay out the categorical features of the CTR model, padding as row 0.

    Args:
        item_features: ``item_id`` int64 1..n in order, ``tags`` list<int32> from 1,
            ``likes_level`` and ``views_level`` int8 0..10.
        title_codes: ``[n, positions]`` int32 from 1.
        image_codes: The same; ``[n, 0]`` where there are no images.

    Returns:
        n + 1 rows; row i is item i: ``item_id`` int32, ``tags`` list<int32>, ``likes``
        and ``views`` int8 (level + 1), ``title_codes`` and ``image_codes`` list<int32>.
        In every column 0 stands for padding and nothing else; in row 0 all is 0 and
        ``tags`` is empty.

    Raises:
        ValueError: If ids, levels, tags or codes are outside their ranges.
    """
    count = item_features.num_rows
    ids = _integers(item_features, "item_id")
    wrong = np.flatnonzero(ids != np.arange(1, count + 1))
    if len(wrong):
        raise ValueError(
            f"item_features: item_id in row {wrong[0]} is {ids[wrong[0]]} where "
            f"{wrong[0] + 1} is wanted; run the preparation pipeline again"
        )
    return pa.table(
        {
            "item_id": np.arange(count + 1, dtype=np.int32),
            "tags": _padded_tags(item_features),
            "likes": _padded_levels(item_features, "likes_level"),
            "views": _padded_levels(item_features, "views_level"),
            "title_codes": _padded_codes(title_codes, count, "title_codes"),
            "image_codes": _padded_codes(image_codes, count, "image_codes"),
        }
    )


def _quantize(
    table: pa.Table, column: str, cold_items: np.ndarray, params: QuantizationParams
) -> Quantized:
    vectors = vector_matrix(table, column)
    count, width = vectors.shape
    if width == 0:
        # Neither a file of weights nor one of JSON can hold nothing.
        import torch

        codes = np.empty((count, 0), dtype=np.int32)
        return codes, {"absent": torch.zeros(0)}, {"method": None}, {"present": False}
    try:
        fitted = fit_and_measure(vectors, cold_items, params)
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from error
    report, health = fitted.report, fitted.health
    logger.info(
        "%s: %s took %d steps, squared error per value %.3g; R2 %s, usage %s, "
        "recall@10 %s",
        column,
        params.method,
        report.steps,
        report.reconstruction,
        *(_shown(health[key]) for key in ("r2", "usage", "recall_at_10")),
    )
    return (
        fitted.codes,
        fitted.quantizer.state(),
        fitted.quantizer.settings(),
        {"present": True, **health},
    )


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _health(codebook: dict[str, Any]) -> dict[str, Any] | None:
    if not codebook["present"]:
        return None
    return {key: value for key, value in codebook.items() if key != "present"}


def _integers(table: pa.Table, column: str) -> np.ndarray:
    values = table[column]
    if values.null_count:
        raise ValueError(f"item_features: column '{column}' holds nulls")
    return values.to_numpy()


def _padded_levels(table: pa.Table, column: str) -> np.ndarray:
    levels = _integers(table, column)
    bad = np.flatnonzero((levels < 0) | (levels > MAX_LEVEL))
    if len(bad):
        raise ValueError(
            f"item_features: {column} in row {bad[0]} is {levels[bad[0]]}, outside "
            f"0..{MAX_LEVEL}; run the preparation pipeline again"
        )
    return np.concatenate([[0], levels + 1]).astype(np.int8)


def _padded_tags(table: pa.Table) -> pa.Array:
    tags = table["tags"].combine_chunks().cast(pa.list_(pa.int32()))
    values = tags.flatten()
    if tags.null_count or values.null_count:
        raise ValueError("item_features: column 'tags' holds nulls, not empty lists")
    lowest = values.to_numpy().min(initial=1)
    if lowest < 1:
        raise ValueError(
            f"item_features: column 'tags' holds {lowest}; tags start at 1 (0 is "
            "padding), run the preparation pipeline again"
        )
    return pa.concat_arrays([pa.array([[]], type=tags.type), tags])


def _padded_codes(codes: np.ndarray, count: int, name: str) -> pa.ChunkedArray:
    if codes.ndim != 2 or len(codes) != count:
        raise ValueError(
            f"{name} has shape {list(codes.shape)} for {count} items; one row per item "
            "is wanted, run the quantization pipeline again"
        )
    bad = np.flatnonzero((codes < 1).any(axis=1))
    if len(bad):
        raise ValueError(
            f"{name} holds codes under 1 in row {bad[0]}; 0 is padding and nothing else"
        )
    padding = np.zeros((1, codes.shape[1]), dtype=np.int32)
    return vector_column(np.concatenate([padding, codes], dtype=np.int32))
