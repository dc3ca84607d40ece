"""Parameters of the CTR model."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mmctr.ctr.features.codes import CODE_EMBEDDINGS
from mmctr.ctr.models import MODEL
from mmctr.ctr.models.heads import HEADS, OWN_HEAD
from mmctr.ctr.models.params import (
    DcnParams,
    QinParams,
    QuadraticParams,
    StackedAttentionParams,
    TransformerParams,
)
from mmctr.runtime.params import Params


def _known_embedding(name: str) -> str:
    if name not in CODE_EMBEDDINGS:
        raise ValueError(f"use one of {', '.join(CODE_EMBEDDINGS)}")
    return name


def _known_head(name: str) -> str:
    if name not in (OWN_HEAD, *HEADS):
        raise ValueError(f"use one of {', '.join((OWN_HEAD, *HEADS))}")
    return name


class ConcatParams(Params):
    """A table per position, side by side."""

    width: int = Field(8, ge=1)
    """Columns per position; 512 per modality at most."""


class PrefixParams(Params):
    """Ids of code prefixes."""

    levels: int = Field(3, ge=1)
    """Longest prefix; each length has a vector per distinct prefix, so long ones act as
    item ids, with as many weights, and are memorised."""


class ContinuousParams(Params):
    """Item vectors behind a learned projection."""

    components: int = Field(128, ge=0)
    """Principal components kept, fitted on items of train; 0: all columns of the
    vector, unchanged."""
    normalize: Literal["rows", "columns"] = "rows"
    """rows: scale every vector to length 1; columns: scale every component to the same
    variance over train."""
    width: int | None = Field(None, ge=1)
    """Columns of the projection; null: embedding_dim."""


class SimilarityParams(Params):
    """Histograms of the cosines of target and history."""

    buckets: int = Field(20, ge=1)
    """Equally wide buckets from -1 to 1."""
    counts: Literal["log", "share"] = "log"
    """How a count enters the model: log(1 + count), or its share of the positions."""


class ModelParams(Params):
    """A CTR model on item tables."""

    name: Annotated[str, AfterValidator(MODEL.check_name)] = "din"
    """What becomes of target and history; din: the Deep Interest Network; target_only:
    no history; mean_pool: its mean; mhta, stca: layers of multi-head attention from
    the target to the history, as Gavin113's and Tol1ve's; transformer: over both; qin:
    the Quadratic Interest Network; or package.module:Class, of a model of your own that
    mmctr.check_model approves (docs/extend.md)."""
    head: Annotated[str, AfterValidator(_known_head)] = OWN_HEAD
    """What makes the logit; own: quadratic for qin, else mlp; mlp: a multilayer
    perceptron of dnn_units; dcn_v2: a cross network beside it; quadratic: QIN's."""
    mhta: StackedAttentionParams = Field(default_factory=StackedAttentionParams)
    stca: StackedAttentionParams = StackedAttentionParams(layers=4)
    transformer: TransformerParams = Field(default_factory=TransformerParams)
    qin: QinParams = Field(default_factory=QinParams)
    dcn_v2: DcnParams = Field(default_factory=DcnParams)
    quadratic: QuadraticParams = Field(default_factory=QuadraticParams)
    embedding_dim: int = Field(32, ge=1)
    """Width of every feature."""
    embedding_std: float = Field(0.01, gt=0)
    """Standard deviation of new embeddings."""
    code_entry: Annotated[str, AfterValidator(_known_embedding)] = "positional"
    """bag: one table, mean of the codes; positional: a table per position, sum /
    sqrt(positions); concat: a table per position, side by side; prefix: a vector per
    prefix of residual codes, sum / sqrt(levels)."""
    concat: ConcatParams = Field(default_factory=ConcatParams)
    prefix: PrefixParams = Field(default_factory=PrefixParams)
    continuous: ContinuousParams = Field(default_factory=ContinuousParams)
    similarity: SimilarityParams = Field(default_factory=SimilarityParams)
    item_id_dropout: float = Field(0.3, ge=0, lt=1)
    """Share of items whose id is replaced by the out-of-vocabulary row in a training
    step; items unseen in training then use that row."""
    field_dropout: float = Field(0.02, ge=0, lt=1)
    """Share of the values of fields that a training step hides; what is unknown later
    has the vector that is trained by this."""
    attention_units: list[int] = Field([128, 64], min_length=1)
    """Hidden widths of the attention."""
    attention_dropout: float = Field(0.0, ge=0, lt=1)
    """Share of hidden values dropped in training."""
    dnn_units: list[int] = Field([256, 128], min_length=1)
    """Hidden widths of the DNN."""
    dnn_dropout: float = Field(0.1, ge=0, lt=1)
    """The same for the DNN."""
    batch_norm: bool = True
    """Batch normalisation in the DNN."""
