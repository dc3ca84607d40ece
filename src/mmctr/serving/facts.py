"""What a bundle says of itself: how to rebuild the model and what it was made of."""

from typing import Any

from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.vectors import ModalityParams
from mmctr.ctr.params import CtrParams
from mmctr.data.fields.params import FieldsParams
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.row_statistics.params import RowStatisticsParams
from mmctr.runtime.params import Params

FORMAT = 5
"""Raise it when files or their meaning change."""


class Modality(Params):
    """How vectors of new items are made."""

    params: ModalityParams
    """Column, normalisation and centring."""
    text: bool
    """Whether they are made of text; otherwise they are given."""
    width: int
    """Numbers per vector; 0: the items have none."""


class EventFacts(Params):
    """What the events of row statistics are."""

    clock: bool
    """Whether times are those of a clock."""
    valid_from: int | None
    """First time of valid, unix seconds; null without times."""
    frozen: bool
    """Whether no row knows of events from valid on."""


class BundleFacts(Params):
    """The file bundle.json."""

    format: int
    """Version of the format."""
    dataset_kind: str | None
    """clicks, impressions, or null for a challenge."""
    trained_items: int
    """Items that the model was built on; those behind were added later."""
    ctr: CtrParams
    """Features, sizes and training."""
    row_statistics: RowStatisticsParams
    """Statistics that the model reads."""
    embedding: EmbeddingParams
    """Providers of vectors."""
    preparation: PreparationParams
    """How the log became rows."""
    fields: FieldsParams
    """Which columns were fields."""
    modalities: dict[str, Modality]
    """By name."""
    events: EventFacts
    """What may be counted."""
    negative_keep: float
    """Share of the negatives that train's rows were a draw of."""
    probability: str
    """What probabilities are relative to; empty: to real rows."""
    features: list[str]
    """Features of items that the model has."""
    metrics: dict[str, Any]
    """AUC and the like by part."""
    versions: dict[str, str]
    """Packages that made it."""
    commit: str | None
    """Of the code that made it."""
    parent: str | None
    """Hash of the manifest of the bundle that its training went on from; null: from
    scratch."""
