"""Parameters of the CTR model, its training and its evaluation."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from mmctr.ctr.features.content import (
    NO_CONTENT,
    OF_CODES,
    OF_VECTORS,
    canonical_content,
)
from mmctr.ctr.going_on_params import GoingOnParams
from mmctr.ctr.model_params import ModelParams
from mmctr.evaluation.calibration_params import CalibrationParams
from mmctr.evaluation.params import EvaluationParams
from mmctr.runtime.params import Params


class FeatureParams(Params):
    """Which features the model sees; those of items in history and target alike."""

    item_id: bool = True
    """An embedding per item; memorised where rows are few."""
    item_id_min_rows: int = Field(1, ge=1)
    """Items that are less often a target or in a history of train share one embedding,
    that of unknown items; with 2 or more the table has no rows for them."""
    content: Annotated[str, AfterValidator(canonical_content)] = "codes"
    """How modalities enter the model, joined by +: codes; continuous, the vectors
    behind a learned projection; similarity, histograms of cosines between target and
    history; matches, counts of the codes they share; or none."""
    modalities: Literal["all"] | list[str] = "all"
    """Names of the modalities whose content the model sees, such as [title, image]."""
    vectors: Literal["own", "decoded"] = "own"
    """Which vectors continuous and similarity use: the items' own, or those
    reconstructed from their codes, so that all content is in the codes."""
    statistics: list[str] = []
    """Kinds of row statistics beside the features of items, such as popularity; each
    must be switched on in row_statistics.kinds."""

    fields: Literal["all"] | list[str] = "all"
    """Fields of items, users and rows that the model sees; all, or their names."""
    without: list[str] = []
    """Names of fields that it does not see."""
    crosses: list[str] = []
    """Pairs of fields of users and rows with a vector per pair of values, such as
    position*group_size; one of them may be tags, whose pairs are averaged."""

    def uses(self, field: str) -> bool:
        """Whether the model sees the field of this name."""
        is_named = self.fields == "all" or field in self.fields
        return is_named and field not in self.without

    @property
    def forms(self) -> tuple[str, ...]:
        """The names in ``content``."""
        return () if self.content == NO_CONTENT else tuple(self.content.split("+"))

    @property
    def need_codes(self) -> bool:
        """Whether anything in ``content`` is made of codes."""
        decoded = self.vectors == "decoded" and not OF_VECTORS.isdisjoint(self.forms)
        return decoded or not OF_CODES.isdisjoint(self.forms)


class TrainingParams(Params):
    """How the model is trained."""

    seeds: int = Field(1, ge=1)
    """Trainings with seed, seed + 1, ...; their mean logit is the model."""
    refit: Literal["none", "train_and_valid"] = "none"
    """train_and_valid: once valid has chosen the number of steps, a second training of
    as many passes, over train and valid, makes the weights; calibration and metrics of
    valid stay those of the first. Not in ablation and tuning."""
    max_history: int = Field(64, ge=1)
    """History items used, the newest."""
    batch_size: int = Field(512, ge=2)
    """Rows per training step."""
    learning_rate: float = Field(1e-3, gt=0)
    """Adam's learning rate at the start."""
    embedding_learning_rate: float | None = Field(None, gt=0)
    """The same for embedding tables; null: learning_rate."""
    weight_decay: float = Field(0.0, ge=0)
    """Decoupled weight decay (AdamW) of the network's matrices; each step shrinks them
    by learning rate x this."""
    loss: Literal["bce", "bce+pairwise", "bce+listwise"] = "bce"
    """bce: cross-entropy of each row. bce+pairwise: beside it the logistic loss of
    pairs of a positive and a negative. bce+listwise: beside it the cross-entropy of a
    softmax within each group."""
    loss_weight: float = Field(0.2, gt=0, lt=1)
    """Share of the pairs' or groups' part in the loss; cross-entropy has the rest."""
    pairs: Literal["batch", "group"] = "batch"
    """Pairs of which rows; of the whole batch, or only of one group."""
    batch_by: Literal["row", "group"] = "row"
    """row: batches of shuffled rows; group: of shuffled groups, each whole, as losses
    within groups have them anyway. Rows of a group share a history."""
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    """Share by which labels of train move towards 0.5 in the cross-entropy."""
    embedding_l2: float = Field(1e-7, ge=0)
    """lambda of lambda/2 * ||E||^2 over all embedding tables."""
    network_l2: float = Field(0.0, ge=0)
    """lambda of lambda/2 * ||W||^2 over all other weights, biases and normalisation
    included. Part of the gradient, which Adam scales; weight_decay is not."""
    clip_norm: float = Field(10.0, gt=0)
    """Largest norm of the whole gradient."""
    max_epochs: int = Field(10, ge=1)
    """Passes over the training rows."""
    validations_per_epoch: int = Field(1, ge=1)
    """Validations per pass, evenly spaced; batches are a little smaller where they do
    not divide evenly."""
    patience: int = Field(3, ge=1)
    """Validations without improvement before it stops."""
    monitor: Literal["auc", "gauc", "logloss"] = "auc"
    """Metric on valid that chooses weights and ends training; the lowest logloss is the
    best."""
    weight_average: float = Field(0.0, ge=0, lt=1)
    """Decay of a moving average of all weights, such as 0.999; the average is what is
    validated and kept, with batch normalisation measured anew; 0: off."""
    schedule: Literal["plateau", "cosine"] = "plateau"
    """plateau: the learning rate falls when the monitor stops improving; cosine: along
    a half cosine over all steps of max_epochs."""
    warmup_steps: int = Field(0, ge=0)
    """Steps over which the learning rate rises from 0, in either schedule."""
    lr_factor: float = Field(0.1, gt=0, lt=1)
    """Learning rate factor when validation doesn't improve (plateau)."""
    lr_patience: int = Field(0, ge=0)
    """Validations without improvement before it falls (plateau)."""
    min_learning_rate: float = Field(1e-6, ge=0)
    """Lowest learning rate."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """bf16: autocast, faster, with gradients about 9 % off; not available on MPS."""
    predict_batch_size: int = Field(4096, ge=1)
    """Rows per batch in validation and prediction."""
    memory_gb: float | None = Field(None, gt=0)
    """Memory that training may take; if it needs more, a warning is logged before it
    starts; null: what the machine or its container has free."""
    keep_memory: bool = True
    """On a CPU with glibc: keep large freed blocks in the process until it ends, so
    that no step waits for the kernel; results do not change."""

    @property
    def whole_groups(self) -> bool:
        """Whether the rows of a group are in one batch."""
        within = self.loss == "bce+pairwise" and self.pairs == "group"
        return within or self.loss == "bce+listwise" or self.batch_by == "group"


class CheckpointParams(Params):
    """Checkpoints of a training that is not finished."""

    folder: str | None = None
    """Folder for checkpoints; each training has a folder of its own in it, named by a
    hash of what it depends on, until its results are saved; null: no checkpoints."""
    every_steps: int = Field(500, ge=1)
    """Steps between checkpoints, beside one per validation."""


class SubmissionParams(Params):
    """The submission file of a challenge."""

    column: str = Field("Task1&2", min_length=1)
    """Header of the probabilities; Task1&2 is the joint task's."""


class CtrParams(Params):
    """Everything of the ctr_modeling pipeline."""

    features: FeatureParams
    model: ModelParams
    training: TrainingParams
    start_from: str | None = None
    """Folder of a bundle whose training goes on with later rows of the same log; null:
    a training from scratch."""
    going_on: GoingOnParams = Field(default_factory=GoingOnParams)
    checkpoint: CheckpointParams = Field(default_factory=CheckpointParams)
    calibration: CalibrationParams = Field(default_factory=CalibrationParams)
    evaluation: EvaluationParams
    submission: SubmissionParams = Field(default_factory=SubmissionParams)
    unknown_values: Literal["strict", "pad"] = "strict"
    """Levels, tags and item ids of the item table that training did not have, in
    prediction; strict: an error; pad: treated as padding and counted."""
    seed: int = Field(ge=0)
    """Seed of weights, row order and dropout."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where torch computes; auto uses a GPU if there is one."""
    progress: bool = False
    """Draw progress bars even where stderr is not a terminal."""

    @model_validator(mode="after")
    def _refit_is_from_scratch(self) -> Self:
        if self.start_from is not None and self.training.refit != "none":
            raise ValueError(
                f"training.refit={self.training.refit} trains from scratch, and "
                "start_from goes on from weights; set ctr_modeling.training.refit=none"
            )
        return self
