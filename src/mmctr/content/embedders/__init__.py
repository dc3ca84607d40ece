"""How titles become vectors: a protocol and its providers.

Importing this package is quick: torch, sentence-transformers, the openai SDK and
scikit-learn are imported by the provider that needs them.
"""

from mmctr.content.embedders.embed import EmbeddingReport, embed_titles
from mmctr.content.embedders.errors import DryRun, EmbeddingError, EmbeddingStopped
from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.embedders.protocol import (
    Embedder,
    EmbedderContext,
    EmbeddingUsage,
)

__all__ = [
    "DryRun",
    "Embedder",
    "EmbedderContext",
    "EmbeddingError",
    "EmbeddingParams",
    "EmbeddingReport",
    "EmbeddingStopped",
    "EmbeddingUsage",
    "embed_titles",
]
