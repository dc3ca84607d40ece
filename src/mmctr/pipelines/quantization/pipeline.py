"""Wiring of the quantization pipeline."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.quantization.nodes import (
    build_item_table,
    quantize_images,
    quantize_titles,
    report_codebooks,
)


def create_pipeline() -> Pipeline:
    """Fused item features in, codes and the item table out."""
    return Pipeline(
        [
            Node(
                quantize_titles,
                inputs=["item_features", "params:quantization"],
                outputs=[
                    "title_codes",
                    "title_quantizer_weights",
                    "title_quantizer_settings",
                    "title_codebook",
                ],
                name="quantize_titles",
            ),
            Node(
                quantize_images,
                inputs=["item_features", "params:quantization"],
                outputs=[
                    "image_codes",
                    "image_quantizer_weights",
                    "image_quantizer_settings",
                    "image_codebook",
                ],
                name="quantize_images",
            ),
            Node(
                report_codebooks,
                inputs=["title_codebook", "image_codebook"],
                outputs="codebook",
                name="report_codebooks",
            ),
            Node(
                build_item_table,
                inputs=["item_features", "title_codes", "image_codes"],
                outputs="item_table",
                name="build_item_table",
            ),
        ]
    )
