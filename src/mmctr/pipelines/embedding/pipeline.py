"""Wiring of the embedding pipeline."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.embedding.nodes import embed_item_titles


def create_pipeline() -> Pipeline:
    """Build the pipeline: titles of the items to title vectors."""
    return Pipeline(
        [
            Node(
                embed_item_titles,
                inputs=["item_feature", "params:embedding"],
                outputs=["title_embeddings", "embedding_report"],
                name="embed_item_titles",
            )
        ]
    )
