"""How titles and covers become vectors: a protocol for each, and their providers.

Importing this package is quick: torch, sentence-transformers, the openai SDK and
scikit-learn are imported by the provider that needs them.
"""

from mmctr.content.covers.embed_images import (
    ImageEmbeddingReport,
    embed_images,
    make_image_embedder,
)
from mmctr.content.covers.image_params import ImageParams
from mmctr.content.covers.image_protocol import ImageEmbedder
from mmctr.content.embedders.embed import EmbeddingReport, embed_titles, make_embedder
from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.embedders.protocol import (
    DryRun,
    Embedder,
    EmbeddingError,
    EmbeddingStopped,
    EmbeddingUsage,
)

__all__ = [
    "DryRun",
    "Embedder",
    "EmbeddingError",
    "EmbeddingParams",
    "EmbeddingReport",
    "EmbeddingStopped",
    "EmbeddingUsage",
    "ImageEmbedder",
    "ImageEmbeddingReport",
    "ImageParams",
    "embed_images",
    "embed_titles",
    "make_embedder",
    "make_image_embedder",
]
