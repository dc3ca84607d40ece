"""Wiring of the predict pipeline."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.predict.nodes import score_log, write_prediction_page


def create_pipeline() -> Pipeline:
    """Wire the predict pipeline; it needs a bundle and a log, and no other pipeline."""
    return Pipeline(
        [
            Node(
                score_log,
                inputs=[
                    "scored_bundle",
                    "scored_log",
                    "params:predict",
                    "params:scale",
                ],
                outputs=["predictions", "predict_report"],
                name="score_log",
            ),
            Node(
                write_prediction_page,
                inputs="predict_report",
                outputs="predict_page",
                name="write_prediction_page",
            ),
        ]
    )
