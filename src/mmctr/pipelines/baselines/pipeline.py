"""Wiring of the baselines pipeline."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.baselines.nodes import score_by_trees


def create_pipeline() -> Pipeline:
    """Boosted trees on the rows that the model is trained on."""
    return Pipeline(
        [
            Node(
                score_by_trees,
                inputs=[
                    "item_table",
                    "vectors",
                    "train_rows",
                    "valid_rows",
                    "test_rows",
                    "test_frozen_rows",
                    "preparation_report",
                    "params:baselines",
                ],
                outputs=[
                    "valid_tree_scores",
                    "test_tree_scores",
                    "test_frozen_tree_scores",
                    "tree_importance",
                ],
                name="score_by_trees",
            )
        ]
    )
