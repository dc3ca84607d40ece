"""Wiring of the fusion pipeline."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.fusion.nodes import fuse_item_features, lay_out_vectors


def create_pipeline() -> Pipeline:
    """Item features and vectors in, one table and the model's vectors out."""
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
            ),
            Node(
                lay_out_vectors,
                inputs="item_features",
                outputs=["item_title_vectors", "item_image_vectors"],
                name="lay_out_vectors",
            ),
        ]
    )
