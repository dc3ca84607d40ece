"""The nodes of the quantization pipeline; experiments quantise with them too."""

from pathlib import Path
from typing import Any

import numpy as np

from mmctr.content.quantizers.item_codes import find_cold_items, quantize_items
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.content.quantizers.shared_codes import list_shared_codes
from mmctr.pipelines.going_on import load_start
from mmctr.reporting.codebook_figures import (
    draw_codebook_recall,
    draw_codebook_usage,
)
from mmctr.runtime.scale.params import ONE_MACHINE, ScaleParams

__all__ = [
    "draw_codebook_recall",
    "draw_codebook_usage",
    "find_cold_items",
    "list_shared_codes",
    "quantize_or_encode",
]

ByModality = dict[str, Any]


def quantize_or_encode(
    vectors: dict[str, np.ndarray],
    cold_items: np.ndarray,
    params: QuantizationParams,
    start_bundle: Path | None,
    scale: ScaleParams = ONE_MACHINE,
) -> tuple[ByModality, ByModality, ByModality, ByModality]:
    """Fit quantisers and encode the items, or encode them with a bundle's quantisers.

    Args:
        vectors: By modality ``[n_items + 1, d]`` float32, row 0 is padding.
        cold_items: Which items are not in train, bool ``[n_items]``.
        params: Method and settings.
        start_bundle: Its quantisers are kept; None: the run starts from scratch.
        scale: Whether workers of a cluster encode many items.

    Returns:
        As :func:`mmctr.content.quantizers.item_codes.quantize_items`.
    """
    start = load_start(start_bundle)
    kept = None if start is None else start.quantizers
    return quantize_items(vectors, cold_items, params, kept, scale)
