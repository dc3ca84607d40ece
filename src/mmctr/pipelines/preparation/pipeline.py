"""Raw files to primary tables."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.preparation.nodes import prepare_tables


def create_pipeline() -> Pipeline:
    """Wire the preparation pipeline."""
    return Pipeline(
        [
            Node(
                prepare_tables,
                inputs=[
                    "source",
                    "params:preparation",
                    "params:fields",
                    "start_bundle",
                ],
                outputs=[
                    "items",
                    "item_id_mapping",
                    "train",
                    "valid",
                    "test",
                    "events",
                    "preparation_report",
                    "preparation_state",
                    "data_audit",
                ],
                name="prepare_tables",
            ),
        ]
    )
