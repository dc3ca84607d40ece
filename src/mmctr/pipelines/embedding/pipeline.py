"""Wiring of the embedding pipeline."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.embedding.nodes import embed_item_images, embed_item_titles


def create_pipeline() -> Pipeline:
    """Build the pipeline: titles and covers of the items to vectors."""
    return Pipeline(
        [
            Node(
                embed_item_titles,
                inputs=["items", "params:embedding"],
                outputs=["title_vectors", "title_center", "embedding_report"],
                name="embed_item_titles",
            ),
            Node(
                embed_item_images,
                inputs=[
                    "item_id_mapping",
                    "given_image_vectors",
                    "title_center",
                    "params:embedding",
                ],
                outputs=["image_vectors", "image_center", "image_embedding_report"],
                name="embed_item_images",
            ),
        ]
    )
