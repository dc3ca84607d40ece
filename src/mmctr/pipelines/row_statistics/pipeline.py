"""Statistics beside the rows."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.row_statistics.nodes import compute_row_statistics


def create_pipeline() -> Pipeline:
    """Wire the row statistics pipeline."""
    return Pipeline(
        [
            Node(
                compute_row_statistics,
                inputs=[
                    "train",
                    "valid",
                    "test",
                    "events",
                    "items",
                    "item_table",
                    "vectors",
                    "preparation_report",
                    "params:row_statistics",
                ],
                outputs=[
                    "train_rows",
                    "valid_rows",
                    "test_rows",
                    "test_frozen_rows",
                    "row_statistics_report",
                ],
                name="compute_row_statistics",
            )
        ]
    )
