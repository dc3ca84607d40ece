"""Parameters of the CTR model, its training and its evaluation."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mmctr.ctr.features.codes import CODE_ENTRIES
from mmctr.ctr.features.content import (
    NO_CONTENT,
    OF_CODES,
    OF_VECTORS,
    canonical_content,
)
from mmctr.evaluation.params import EvaluationParams


def _known_entry(name: str) -> str:
    if name not in CODE_ENTRIES:
        raise ValueError(f"use one of {', '.join(CODE_ENTRIES)}")
    return name


class FeatureParams(BaseModel):
    """Which features the model sees; those of items in history and target alike."""

    model_config = ConfigDict(extra="forbid")

    item_id: bool = Field(
        True, description="an embedding an item; learned by heart where rows are few"
    )
    tags: bool = Field(True, description="the mean of the tags' embeddings")
    likes: bool | Literal["stated"] = Field(
        "stated",
        description="stated: only where the source states them; levels counted from "
        "training events say nothing of new items and are learned by heart",
    )
    views: bool | Literal["stated"] = Field("stated", description="as likes")
    content: Annotated[str, AfterValidator(canonical_content)] = Field(
        "codes",
        description="forms in which title and image enter, joined by +: codes; "
        "continuous, the vectors behind a learned projection; similarity, histograms "
        "of cosines of target and history; matches, counts of the codes they share; "
        "or none",
    )
    title_codes: bool = Field(
        True, description="the title's, where content has codes or matches"
    )
    image_codes: bool = Field(
        True, description="the image's, where content has codes or matches"
    )
    title_vectors: bool = Field(
        True, description="the title's, where content has continuous or similarity"
    )
    image_vectors: bool = Field(
        True, description="the image's, where content has continuous or similarity"
    )
    vectors: Literal["own", "decoded"] = Field(
        "own",
        description="which ones continuous and similarity see: the items' own, or "
        "those that their codes stand for, so that all content is in the codes",
    )
    row_levels: bool = Field(
        False, description="the row's own likes and views level beside the item's"
    )

    @property
    def forms(self) -> tuple[str, ...]:
        """The names in ``content``."""
        return () if self.content == NO_CONTENT else tuple(self.content.split("+"))

    @property
    def need_codes(self) -> bool:
        """Whether anything in ``content`` is made of codes."""
        decoded = self.vectors == "decoded" and not OF_VECTORS.isdisjoint(self.forms)
        return decoded or not OF_CODES.isdisjoint(self.forms)

    def given(self, levels_from: dict[str, str]) -> "FeatureParams":
        """Decide ``stated`` by what the levels of a data set were made of.

        Args:
            levels_from: The preparation report's: ``items`` where the source states
                ``likes`` or ``views``.

        Returns:
            The same with true or false everywhere.
        """
        decided = {
            name: levels_from[name] == "items"
            for name in ("likes", "views")
            if getattr(self, name) == "stated"
        }
        return self.model_copy(update=decided)


class ConcatParams(BaseModel):
    """A table a position, side by side."""

    model_config = ConfigDict(extra="forbid")

    width: int = Field(
        8, ge=1, description="columns a position; 512 a modality at the most"
    )


class PrefixParams(BaseModel):
    """Ids of code prefixes."""

    model_config = ConfigDict(extra="forbid")

    levels: int = Field(
        3,
        ge=1,
        description="longest prefix; each length has as many vectors as items have "
        "prefixes, so long ones are item ids, as many weights and learned by heart",
    )


class ContinuousParams(BaseModel):
    """Item vectors behind a learned projection."""

    model_config = ConfigDict(extra="forbid")

    components: int = Field(
        128,
        ge=0,
        description="principal components kept, of items in train; 0: all columns of "
        "the vector as they are",
    )
    normalize: Literal["rows", "columns"] = Field(
        "rows",
        description="rows: every vector of length 1; columns: every component of one "
        "variance over train",
    )


class SimilarityParams(BaseModel):
    """Histograms of the cosines of target and history."""

    model_config = ConfigDict(extra="forbid")

    buckets: int = Field(20, ge=1, description="equally wide, from -1 to 1")
    counts: Literal["log", "share"] = Field(
        "log",
        description="what the model sees of a count: log(1 + count), or its share of "
        "the positions",
    )


class DinParams(BaseModel):
    """Deep Interest Network (Zhou et al., 2018) on item tables."""

    model_config = ConfigDict(extra="forbid")

    embedding_dim: int = Field(32, ge=1, description="width of every feature")
    embedding_std: float = Field(
        0.01, gt=0, description="of the normal they start from"
    )
    code_entry: Annotated[str, AfterValidator(_known_entry)] = Field(
        "positional",
        description="bag: one table, mean of the codes; positional: a table a "
        "position, sum / sqrt(positions); concat: a table a position, side by side; "
        "prefix: a vector a prefix of residual codes, sum / sqrt(levels)",
    )
    concat: ConcatParams = Field(default_factory=ConcatParams)
    prefix: PrefixParams = Field(default_factory=PrefixParams)
    continuous: ContinuousParams = Field(default_factory=ContinuousParams)
    similarity: SimilarityParams = Field(default_factory=SimilarityParams)
    item_id_dropout: float = Field(
        0.3,
        ge=0,
        lt=1,
        description="share of items whose id is hidden, as the out-of-vocabulary row, "
        "in a training step; items unseen in training then use that row",
    )
    attention_units: list[int] = Field(
        [128, 64], min_length=1, description="hidden widths of the attention"
    )
    attention_dropout: float = Field(
        0.0, ge=0, lt=1, description="share of hidden values dropped in training"
    )
    dnn_units: list[int] = Field(
        [256, 128], min_length=1, description="hidden widths of the DNN"
    )
    dnn_dropout: float = Field(0.1, ge=0, lt=1, description="as attention_dropout")
    batch_norm: bool = Field(True, description="batch normalisation in the DNN")


class TrainingParams(BaseModel):
    """How the model is trained."""

    model_config = ConfigDict(extra="forbid")

    max_history: int = Field(64, ge=1, description="history items used, the newest")
    batch_size: int = Field(512, ge=2, description="rows")
    learning_rate: float = Field(1e-3, gt=0, description="of Adam, at the start")
    embedding_l2: float = Field(
        1e-7, ge=0, description="lambda of lambda/2 * ||E||^2 over all embedding tables"
    )
    clip_norm: float = Field(
        10.0, gt=0, description="largest norm of the whole gradient"
    )
    max_epochs: int = Field(10, ge=1, description="passes over the training rows")
    validations_per_epoch: int = Field(
        1,
        ge=1,
        description="measurements on valid, evenly spaced; where batches do not come "
        "out even they are a little smaller",
    )
    patience: int = Field(3, ge=1, description="validations without a better monitor")
    monitor: Literal["auc", "gauc"] = Field(
        "auc", description="what on valid chooses the weights and stops the training"
    )
    lr_factor: float = Field(
        0.1, gt=0, lt=1, description="of the learning rate after a validation no better"
    )
    lr_patience: int = Field(0, ge=0, description="such validations that are tolerated")
    min_learning_rate: float = Field(1e-6, ge=0, description="it falls no further")
    precision: Literal["fp32", "bf16"] = Field(
        "fp32",
        description="bf16: by autocast, faster and about 9 % off in its gradients",
    )
    predict_batch_size: int = Field(4096, ge=1, description="rows, without gradients")
    memory_gb: float | None = Field(
        None,
        gt=0,
        description="what training may take; a warning tells beforehand if that is too "
        "little; null: what the machine, or its container, has left",
    )
    keep_memory: bool = Field(
        True,
        description="on a CPU with glibc: big freed blocks stay with the process until "
        "it ends, so that no step waits for the kernel; the results are the same",
    )


class CheckpointParams(BaseModel):
    """What is kept of a training that is not finished."""

    model_config = ConfigDict(extra="forbid")

    folder: str | None = Field(
        None,
        description="each training has a folder in it, named by a hash of what goes "
        "into the training, until its results are saved; null: nothing is kept",
    )
    every_steps: int = Field(
        500, ge=1, description="steps between two, besides one after each validation"
    )


class SubmissionParams(BaseModel):
    """The file that a challenge takes."""

    model_config = ConfigDict(extra="forbid")

    column: str = Field(
        "Task1&2",
        min_length=1,
        description="header of the probabilities; Task1&2 is the joint task's",
    )


class CtrParams(BaseModel):
    """Everything of the ctr_modeling pipeline."""

    model_config = ConfigDict(extra="forbid")

    features: FeatureParams
    model: DinParams
    training: TrainingParams
    checkpoint: CheckpointParams = Field(default_factory=CheckpointParams)
    evaluation: EvaluationParams
    submission: SubmissionParams = Field(default_factory=SubmissionParams)
    unknown_values: Literal["strict", "pad"] = Field(
        "strict",
        description="levels, tags and item ids of the item table that training did not "
        "have, when predicting; strict: an error; pad: taken for padding and counted",
    )
    seed: int = Field(ge=0, description="of weights, order and dropout")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto", description="where torch trains; auto takes a GPU if there is one"
    )
    progress: bool = Field(
        False, description="draw bars even where stderr is no terminal"
    )
