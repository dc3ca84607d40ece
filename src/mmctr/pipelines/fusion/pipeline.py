"""Wiring of the fusion pipeline."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.fusion.nodes import build_item_table


def create_pipeline() -> Pipeline:
    """Everything that is known of an item but its vectors, in one table."""
    return Pipeline(
        [
            Node(
                build_item_table,
                inputs=["items", "codes"],
                outputs="item_table",
                name="build_item_table",
            )
        ]
    )
