"""Wiring of the quantization pipeline."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.quantization.nodes import (
    draw_codebook_recall,
    draw_codebook_usage,
    find_cold_items,
    list_shared_codes,
    quantize_or_encode,
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
                quantize_or_encode,
                inputs=[
                    "vectors",
                    "cold_items",
                    "params:quantization",
                    "start_bundle",
                    "params:scale",
                ],
                outputs=[
                    "codes",
                    "quantizer_weights",
                    "quantizer_settings",
                    "codebook",
                ],
                name="quantize_items",
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
                inputs=["items", "codes", "params:quantization"],
                outputs="shared_codes",
                name="list_shared_codes",
            ),
        ]
    )
