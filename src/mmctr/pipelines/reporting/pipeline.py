"""The report of a run, and the model's card."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.reporting.nodes import compare_with_earlier, write_report
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
                compare_with_earlier,
                inputs=[
                    "run_history",
                    "valid",
                    "valid_predictions",
                    "test",
                    "test_predictions",
                    "manifest_so_far",
                    "params:ctr_modeling",
                ],
                outputs="earlier_runs",
                name="compare_with_earlier",
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
                    "earlier_runs",
                    "ablation_if_run",
                    "times_so_far",
                    "manifest_so_far",
                ],
                outputs="report",
                name="write_report",
            ),
        ]
    )
