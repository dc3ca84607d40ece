"""The codes of all items, each modality with its own codebooks."""

import logging
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.content.quantizers.measured_fit import fit_and_measure
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.data.train_items import items_in_train

logger = logging.getLogger(__name__)


# Codes, weights (named tensors), settings, health. Kedro resolves these annotations in
# every command, and torch takes a second to import: no torch types here.
Quantized = tuple[np.ndarray, dict[str, Any], dict[str, Any], dict[str, Any] | None]


def find_cold_items(items: pa.Table, train: pa.Table) -> np.ndarray:
    """Mark the items that no train row has as its target or in its history.

    Args:
        items: One row per item, ids 1..n in order.
        train: ``item_id`` int64 and ``item_seq`` list<int64> of item ids.

    Returns:
        bool ``[n]``; place i is item i + 1.
    """
    return ~items_in_train(train, items.num_rows)[1:]


def quantize_items(
    title_vectors: np.ndarray,
    image_vectors: np.ndarray,
    cold_items: np.ndarray,
    params: QuantizationParams,
) -> tuple[Any, ...]:
    """Turn title and image vectors into codes, each modality with its own codebooks.

    One node for both: Kedro saves what a node returns, so a modality that fails leaves
    the earlier artifacts of both as they were, and no mixture of two runs.

    Args:
        title_vectors: ``[n + 1, d]`` float32, row 0 is padding.
        image_vectors: The same; ``[n + 1, 0]`` where there are none.
        cold_items: Which items are not in train, bool ``[n]``; measured separately.
        params: Method, its settings, seed and device, and how health is measured.

    Returns:
        For titles, then for images: codes ``[n, positions]`` int32 (``[n, 0]`` where
        there are no vectors), the quantiser's weights and its settings. Then the
        health of both codebooks, ``{"title": health, "image": health}``, None for an
        absent modality.

    Raises:
        ValueError: If the vectors cannot be quantised or a codebook collapses; the
            message names the modality.
    """
    titles = _quantize("title vectors", title_vectors[1:], cold_items, params)
    images = _quantize("image vectors", image_vectors[1:], cold_items, params)
    return *titles[:3], *images[:3], {"title": titles[3], "image": images[3]}


def _quantize(
    name: str, vectors: np.ndarray, cold_items: np.ndarray, params: QuantizationParams
) -> Quantized:
    count, width = vectors.shape
    if width == 0:
        # A file of weights needs at least one tensor.
        import torch

        codes = np.empty((count, 0), dtype=np.int32)
        return codes, {"absent": torch.zeros(0)}, {"method": None}, None
    try:
        fitted = fit_and_measure(vectors, cold_items, params)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    report, health = fitted.report, fitted.health
    logger.info(
        "%s: %s took %d steps, squared error per value %.3g; R2 %s, usage %s, "
        "recall@10 %s",
        name,
        params.method,
        report.steps,
        report.reconstruction,
        *(_rounded(health[key]) for key in ("r2", "usage", "recall_at_10")),
    )
    quantizer = fitted.quantizer
    return fitted.codes, quantizer.state(), quantizer.settings(), health


def _rounded(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
