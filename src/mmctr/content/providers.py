"""Which class makes the vectors of titles and covers: the one place to enter one.

Importing this module imports none of the providers' libraries.
"""

from typing import Annotated

from pydantic import AfterValidator

from mmctr.runtime.extensions import ExtensionPoint

TEXT_PROVIDERS = {
    "sentence_transformers": "mmctr.content.embedders.sentence_transformer"
    ":SentenceTransformerEmbedder",
    "openai": "mmctr.content.embedders.openai.api:OpenAIEmbedder",
    "lsa": "mmctr.content.embedders.lsa:LsaEmbedder",
    "precomputed": "mmctr.content.embedders.precomputed:PrecomputedVectors",
}
"""``module:class`` by the name that ``embedding.provider`` takes.

The class follows :class:`~mmctr.content.embedders.protocol.Embedder`. Its settings are
the field of its name in :class:`~mmctr.content.embedders.params.EmbeddingParams`."""

COVER_PROVIDERS = {
    "efficientnet_lite0": "mmctr.content.covers.efficientnet:EfficientNetLite0",
    "sentence_transformers": "mmctr.content.covers.clip:ClipEmbedder",
}
"""``module:class`` by the name that ``embedding.images.provider`` takes.

The class follows :class:`~mmctr.content.covers.image_protocol.ImageEmbedder`. Its
settings are fields of :class:`~mmctr.content.covers.image_params.ImageParams`."""


TEXT_PROVIDER = ExtensionPoint(
    "embedding.provider",
    "mmctr.embedders",
    TEXT_PROVIDERS,
    ("depends_on", "embed", "version"),
)
COVER_PROVIDER = ExtensionPoint(
    "embedding.images.provider",
    "mmctr.cover_embedders",
    COVER_PROVIDERS,
    ("prepare", "embed", "version"),
)

TextProvider = Annotated[str, AfterValidator(TEXT_PROVIDER.check_name)]
"""A key of :data:`TEXT_PROVIDERS`, or what names an embedder from elsewhere."""
CoverProvider = Annotated[str, AfterValidator(COVER_PROVIDER.check_name)]
"""A key of :data:`COVER_PROVIDERS`, or what names an embedder from elsewhere."""
