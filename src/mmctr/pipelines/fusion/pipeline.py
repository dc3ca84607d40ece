"""Wiring of the fusion pipeline."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.fusion.nodes import fuse_item_features


def create_pipeline() -> Pipeline:
    """Item features and vectors in, one table out."""
    return Pipeline(
        [
            Node(
                fuse_item_features,
                inputs=[
                    "item_feature",
                    "title_embeddings",
                    "image_vectors",
                    "params:fusion",
                ],
                outputs="item_features",
                name="fuse_item_features",
            )
        ]
    )
