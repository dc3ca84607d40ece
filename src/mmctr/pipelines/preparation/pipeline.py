"""Raw files to primary tables."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.preparation.nodes import prepare_tables


def create_pipeline() -> Pipeline:
    """Wire the preparation pipeline."""
    return Pipeline(
        [
            Node(
                prepare_tables,
                inputs=["source", "params:preparation"],
                outputs=[
                    "item_feature",
                    "image_vectors",
                    "item_id_mapping",
                    "train",
                    "valid",
                    "test",
                    "preparation_report",
                ],
                name="prepare_tables",
            )
        ]
    )
