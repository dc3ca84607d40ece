"""Wiring of the bundle pipeline."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.bundle.nodes import describe_training, make_bundle


def create_pipeline() -> Pipeline:
    """Wire the bundle pipeline; it needs all others but the experiments."""
    return Pipeline(
        [
            Node(
                describe_training,
                inputs=[
                    "train",
                    "test",
                    "item_table",
                    "vectors",
                    "test_predictions",
                    "preparation_state",
                ],
                outputs="reference",
                name="describe_training",
            ),
            Node(
                make_bundle,
                inputs=[
                    "ctr_weights",
                    "item_table",
                    "items",
                    "item_id_mapping",
                    "cold_items",
                    "vectors",
                    "vector_centers",
                    "quantizer_weights",
                    "quantizer_settings",
                    "events",
                    "test_rows",
                    "test_predictions",
                    "preparation_state",
                    "preparation_report",
                    "embedding_report",
                    "row_statistics_report",
                    "training_history",
                    "metrics",
                    "model_card",
                    "reference",
                    "params:ctr_modeling",
                    "params:row_statistics",
                    "params:embedding",
                    "params:fields",
                    "params:preparation",
                ],
                outputs="bundle",
                name="make_bundle",
            ),
        ]
    )
