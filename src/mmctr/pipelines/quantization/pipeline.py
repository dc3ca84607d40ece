"""Wiring of the quantization pipeline."""

from kedro.pipeline import Node, Pipeline

from mmctr.content.quantizers.item_codes import find_cold_items, quantize_items
from mmctr.content.quantizers.shared_codes import list_shared_codes
from mmctr.pipelines.quantization.nodes import report_codebooks
from mmctr.reporting.codebook_figures import (
    draw_codebook_recall,
    draw_codebook_usage,
)


def create_pipeline() -> Pipeline:
    """Vectors in, codes and the health of their codebooks out."""
    return Pipeline(
        [
            Node(
                find_cold_items,
                inputs=["items", "train"],
                outputs="cold_items",
                name="find_cold_items",
            ),
            Node(
                quantize_items,
                inputs=[
                    "title_vectors",
                    "image_vectors",
                    "cold_items",
                    "params:quantization",
                ],
                outputs=[
                    "title_codes",
                    "title_quantizer_weights",
                    "title_quantizer_settings",
                    "title_codebook",
                    "image_codes",
                    "image_quantizer_weights",
                    "image_quantizer_settings",
                    "image_codebook",
                ],
                name="quantize_items",
            ),
            Node(
                report_codebooks,
                inputs=["title_codebook", "image_codebook"],
                outputs="codebook",
                name="report_codebooks",
            ),
            Node(
                draw_codebook_usage,
                inputs="codebook",
                outputs="codebook_usage_figure",
                name="draw_codebook_usage",
            ),
            Node(
                draw_codebook_recall,
                inputs="codebook",
                outputs="codebook_recall_figure",
                name="draw_codebook_recall",
            ),
            Node(
                list_shared_codes,
                inputs=[
                    "items",
                    "title_codes",
                    "image_codes",
                    "params:quantization",
                ],
                outputs="shared_codes",
                name="list_shared_codes",
            ),
        ]
    )
