"""The codes of all items, each modality with its own codebooks."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import ValidationError

from mmctr.content.quantizers.factory import load_quantizer
from mmctr.content.quantizers.measured_fit import encode_and_measure, fit_and_measure
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.data.train_items import items_in_train
from mmctr.runtime.scale.params import ONE_MACHINE, ScaleParams

logger = logging.getLogger(__name__)


# Codes, weights (named tensors), settings, health. Kedro resolves these annotations in
# every command, and torch takes a second to import: no torch types here.
Quantized = tuple[np.ndarray, dict[str, Any], dict[str, Any], dict[str, Any] | None]
ByModality = dict[str, Any]
Kept = Mapping[str, tuple[dict[str, Any], dict[str, Any]]]
"""Settings and weights of fitted quantisers, by modality."""

# Fewer items per codeword, and codes are little but the items' ids.
_ITEMS_PER_CODEWORD = 4


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
    vectors: dict[str, np.ndarray],
    cold_items: np.ndarray,
    params: QuantizationParams,
    kept: Kept | None = None,
    scale: ScaleParams = ONE_MACHINE,
) -> tuple[ByModality, ByModality, ByModality, ByModality]:
    """Turn the vectors of items into codes, each modality with its own codebooks.

    One node for all: Kedro saves what a node returns, so a modality that fails leaves
    the earlier artifacts of all as they were, and no mixture of two runs.

    Args:
        vectors: By modality ``[n + 1, d]`` float32, row 0 is padding; d is 0 where
            there are none.
        cold_items: Which items are not in train, bool ``[n]``; measured separately.
        params: Method, its settings, seed and device, what modalities have otherwise,
            and how health is measured.
        kept: Quantisers of an earlier run, which encode in place of new ones, whatever
            the parameters say of methods; None: there was none.
        scale: Whether workers of a cluster encode many items.

    Returns:
        By modality: codes ``[n, positions]`` int32 (``[n, 0]`` where there are no
        vectors), the quantiser's weights, its settings, and the health of its
        codebooks, None for an absent modality.

    Raises:
        ValueError: If the vectors cannot be quantised or a codebook collapses; the
            message names the modality.
    """
    unknown = sorted(params.modalities.keys() - vectors.keys())
    if unknown:
        raise ValueError(
            f"quantization.modalities names '{unknown[0]}', and the items have "
            f"{', '.join(vectors)}; correct it"
        )
    made = {
        name: _quantize(
            name, vectors[name][1:], cold_items, own, kept and kept[name], scale
        )
        for name, own in params.by_modality(vectors).items()
    }
    codes, weights, settings, health = (
        {name: found[place] for name, found in made.items()} for place in range(4)
    )
    return codes, weights, settings, health


def _quantize(
    name: str,
    vectors: np.ndarray,
    cold_items: np.ndarray,
    params: QuantizationParams,
    kept: tuple[dict[str, Any], dict[str, Any]] | None,
    scale: ScaleParams,
) -> Quantized:
    count, width = vectors.shape
    if width == 0:
        # A file of weights needs at least one tensor.
        import torch

        codes = np.empty((count, 0), dtype=np.int32)
        return codes, {"absent": torch.zeros(0)}, {"method": None}, None
    try:
        if kept is None:
            params = _with_few_items(name, vectors, params)
            fitted = fit_and_measure(vectors, cold_items, params, scale)
        else:
            _warn_of_unused(name, kept[0], params)
            quantizer = load_quantizer(*kept, params.device)
            fitted = encode_and_measure(quantizer, vectors, cold_items, params, scale)
    except ValueError as error:
        raise ValueError(f"{name} vectors: {error}") from error
    report, health = fitted.report, fitted.health
    logger.info(
        "%s vectors: %s took %d steps, squared error per value %.3g; R2 %s, usage %s, "
        "recall@10 %s",
        name,
        fitted.quantizer.settings()["method"],
        report.steps,
        report.reconstruction,
        *(_rounded(health[key]) for key in ("r2", "usage", "recall_at_10")),
    )
    quantizer = fitted.quantizer
    return fitted.codes, quantizer.state(), quantizer.settings(), health


def _warn_of_unused(
    name: str, kept: Mapping[str, Any], params: QuantizationParams
) -> None:
    """Name what is said of a quantiser, where an earlier one encodes."""
    said = {"method": params.method, **params.own.model_dump()}
    own = {**kept.get("params", {}), "method": kept["method"]}
    unused = [f"{x}={value}" for x, value in said.items() if own.get(x) != value]
    if unused:
        logger.warning(
            "%s vectors are encoded by the %s quantiser of the bundle; of "
            "quantization this is not used: %s",
            name,
            kept["method"],
            ", ".join(unused),
        )


def _with_few_items(
    name: str, vectors: np.ndarray, params: QuantizationParams
) -> QuantizationParams:
    """A smaller codebook where it has a codeword per item, if the method can."""
    count, own = len(vectors), params.own
    if count > own.codebook_size:
        return params
    size = max(count // _ITEMS_PER_CODEWORD, 2)
    kept = "codes are little but ids of the items"
    try:
        fewer = type(own).model_validate(own.model_dump() | {"codebook_size": size})
    except ValidationError:  # the method computes it, or other settings need it
        fewer = own
    else:
        kept = f"{size} codewords are used"
    logger.warning(
        "%s vectors: a codebook of quantization.%s has %d codewords and there are %d "
        "items, so each may get a code of its own; %s",
        name,
        params.method,
        own.codebook_size,
        count,
        kept,
    )
    return params.with_own(fewer)


def _rounded(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
