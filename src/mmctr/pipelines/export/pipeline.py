"""Wiring of the export pipeline."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.export.nodes import export_model


def create_pipeline() -> Pipeline:
    """Wire the export pipeline; it needs a bundle."""
    return Pipeline(
        [
            Node(
                export_model,
                inputs=["bundle", "params:export"],
                outputs="export",
                name="export_model",
            )
        ]
    )
