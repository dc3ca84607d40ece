"""Everything that a run found, on one page; and the model's card."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.reporting.nodes import (
    measure_details,
    write_model_card,
    write_report,
)


def create_pipeline() -> Pipeline:
    """Wire the reporting pipeline; it needs all others but the experiments."""
    return Pipeline(
        [
            Node(
                measure_details,
                inputs=[
                    "train",
                    "valid",
                    "valid_predictions",
                    "test",
                    "test_predictions",
                    "title_vectors",
                    "params:ctr_modeling",
                ],
                outputs="evaluation_details",
                name="measure_details",
            ),
            Node(
                write_model_card,
                inputs=[
                    "preparation_report",
                    "data_audit",
                    "codebook",
                    "embedding_report",
                    "image_embedding_report",
                    "training_history",
                    "metrics",
                    "evaluation_details",
                    "manifest_so_far",
                ],
                outputs="model_card",
                name="write_model_card",
            ),
            Node(
                write_report,
                inputs=[
                    "preparation_report",
                    "data_audit",
                    "embedding_report",
                    "image_embedding_report",
                    "codebook",
                    "shared_codes",
                    "training_history",
                    "metrics",
                    "evaluation_details",
                    "ablation_if_run",
                    "times_so_far",
                    "manifest_so_far",
                ],
                outputs="report",
                name="write_report",
            ),
        ]
    )
