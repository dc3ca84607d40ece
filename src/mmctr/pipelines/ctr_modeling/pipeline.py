"""From item table and click log to predictions and metrics."""

from kedro.pipeline import Node, Pipeline

from mmctr.ctr.submission import build_submission, check_submission
from mmctr.pipelines.ctr_modeling.nodes import evaluate_predictions, train_model
from mmctr.pipelines.ctr_modeling.prediction_nodes import predict_rows, predict_valid


def create_pipeline() -> Pipeline:
    """Wire the ctr_modeling pipeline."""
    return Pipeline(
        [
            Node(
                train_model,
                inputs=[
                    "item_table",
                    "vectors",
                    "train_rows",
                    "valid_rows",
                    "preparation_report",
                    "params:ctr_modeling",
                    "item_id_mapping",
                    "start_bundle",
                    "params:scale",
                ],
                outputs=["ctr_weights", "training_history"],
                name="train_model",
            ),
            *(
                Node(
                    predict_valid if part == "valid" else predict_rows,
                    inputs=[
                        "item_table",
                        "vectors",
                        "ctr_weights",
                        f"{part}_rows",
                        "item_id_mapping",
                        "preparation_report",
                        "params:ctr_modeling",
                    ],
                    outputs=f"{part}_predictions",
                    name=f"predict_{part}",
                )
                for part in ("valid", "test", "test_frozen")
            ),
            Node(
                evaluate_predictions,
                inputs=[
                    "train",
                    "valid",
                    "valid_predictions",
                    "valid_tree_scores",
                    "test",
                    "test_predictions",
                    "test_tree_scores",
                    "test_frozen_predictions",
                    "test_frozen_tree_scores",
                    "vectors",
                    "preparation_report",
                    "row_statistics_report",
                    "params:ctr_modeling",
                ],
                outputs=["metrics", "evaluation_details"],
                name="evaluate_predictions",
            ),
            Node(
                build_submission,
                inputs=["test_predictions", "params:ctr_modeling"],
                outputs="submission",
                name="build_submission",
            ),
            Node(
                check_submission,
                inputs=["submission", "test_predictions", "params:ctr_modeling"],
                outputs="submission_check",
                name="check_submission",
            ),
        ]
    )
