"""Wiring of the embedding pipeline."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.embedding.nodes import embed_items


def create_pipeline() -> Pipeline:
    """Build the pipeline: texts, covers and given vectors of the items to vectors."""
    return Pipeline(
        [
            Node(
                embed_items,
                inputs=[
                    "items",
                    "item_id_mapping",
                    "item_contents",
                    "params:embedding",
                    "start_bundle",
                    "params:scale",
                ],
                outputs=["vectors", "vector_centers", "embedding_report"],
                name="embed_items",
            )
        ]
    )
