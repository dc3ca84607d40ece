"""Which class makes the vectors of titles and covers: the one place to enter one.

Importing this module imports none of the providers' libraries;
:func:`pkgutil.resolve_name` turns an entry into its class.
"""

from functools import partial
from typing import Annotated

from pydantic import AfterValidator

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


def _known(name: str, providers: dict[str, str]) -> str:
    if name not in providers:
        raise ValueError(f"use one of {', '.join(providers)}")
    return name


TextProvider = Annotated[str, AfterValidator(partial(_known, providers=TEXT_PROVIDERS))]
"""A key of :data:`TEXT_PROVIDERS`, checked."""
CoverProvider = Annotated[
    str, AfterValidator(partial(_known, providers=COVER_PROVIDERS))
]
"""A key of :data:`COVER_PROVIDERS`, checked."""
