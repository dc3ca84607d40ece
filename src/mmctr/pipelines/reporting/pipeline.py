"""The report of a run, and the model's card."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.reporting.nodes import write_report
from mmctr.reporting.card import write_model_card


def create_pipeline() -> Pipeline:
    """Wire the reporting pipeline; it needs all others but the experiments."""
    return Pipeline(
        [
            Node(
                write_model_card,
                inputs=[
                    "preparation_report",
                    "data_audit",
                    "codebook",
                    "embedding_report",
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
                    "codebook",
                    "shared_codes",
                    "training_history",
                    "metrics",
                    "evaluation_details",
                    "tree_importance",
                    "ablation_if_run",
                    "times_so_far",
                    "manifest_so_far",
                ],
                outputs="report",
                name="write_report",
            ),
        ]
    )
