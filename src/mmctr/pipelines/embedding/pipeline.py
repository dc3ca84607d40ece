"""Wiring of the embedding pipeline."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.embedding.nodes import embed_item_images, embed_item_titles


def create_pipeline() -> Pipeline:
    """Build the pipeline: titles and covers of the items to vectors."""
    return Pipeline(
        [
            Node(
                embed_item_titles,
                inputs=["item_feature", "params:embedding"],
                outputs=["title_embeddings", "embedding_report"],
                name="embed_item_titles",
            ),
            Node(
                embed_item_images,
                inputs=[
                    "item_id_mapping",
                    "given_image_vectors",
                    "params:embedding",
                ],
                outputs=["image_vectors", "image_embedding_report"],
                # Kedro runs nodes that don't need each other in the order of their
                # names: titles first, so that a dry run or a bill above the limit
                # ends it before hours go into covers.
                name="make_image_vectors",
            ),
        ]
    )
