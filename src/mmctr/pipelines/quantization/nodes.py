"""The nodes of the quantization pipeline; experiments quantise with them too."""

from mmctr.content.quantizers.item_codes import find_cold_items, quantize_items
from mmctr.content.quantizers.shared_codes import list_shared_codes
from mmctr.reporting.codebook_figures import (
    draw_codebook_recall,
    draw_codebook_usage,
)

__all__ = [
    "draw_codebook_recall",
    "draw_codebook_usage",
    "find_cold_items",
    "list_shared_codes",
    "quantize_items",
]
