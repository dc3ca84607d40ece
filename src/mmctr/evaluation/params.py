"""Typed parameters of the evaluation and of the baselines that are trained for it."""

from collections.abc import Collection
from typing import Annotated

from pydantic import AfterValidator, Field

from mmctr.runtime.extensions import ExtensionPoint
from mmctr.runtime.params import Params
from mmctr.runtime.suggestions import suggest

METRIC = ExtensionPoint("ctr_modeling.evaluation.metrics", "mmctr.metrics", {})
BASELINE = ExtensionPoint("ctr_modeling.evaluation.baselines", "mmctr.baselines", {})

OF_TRAINING = frozenset({"weighted"})
"""Parameters of the evaluation that a training depends on: its monitor's weights."""


class EvaluationParams(Params):
    """How predictions are judged."""

    resamples: int = Field(1000, ge=1)
    """Bootstrap resamples of users behind every interval."""
    confidence: float = Field(0.95, gt=0, lt=1)
    """Share of resamples inside an interval."""
    power: float = Field(0.8, gt=0, lt=1)
    """Power of the detectable difference."""
    ece_bins: int = Field(15, ge=1)
    """Equal-mass bins of the expected calibration error."""
    min_clean_cold_pairs: int = Field(200, ge=1)
    """Fewest clean-cold pairs to report."""
    prior_ctr: float = Field(0.25, ge=0, le=1)
    """Click rate of an item without train rows; in a log of impressions it is train's
    own click rate."""
    prior_strength: float = Field(10.0, gt=0)
    """Train rows that the prior click rate counts as."""
    single_fields: list[str] = ["position"]
    """Fields of rows and users whose click rate alone is a baseline, named
    ``<field>_only``, where the rows have them."""
    metrics: list[Annotated[str, AfterValidator(METRIC.check_name)]] = []
    """Metrics of your own beside the others, each a package.module:function that
    mmctr.check_metric approves; called once per resample and baseline."""
    baselines: list[Annotated[str, AfterValidator(BASELINE.check_name)]] = []
    """Baselines of your own beside the others, each a package.module:function that
    mmctr.check_baseline approves."""
    weighted: bool = False
    """Weigh rows in all metrics, and in the monitor that ends training, as in the loss;
    needs preparation.weight_column."""
    seed: int = Field(ge=0)
    """Seed of the resampled users, and of the labels behind ``ece_if_calibrated``."""


class BoostedTreesParams(Params):
    """Gradient-boosted trees of LightGBM (Ke et al., 2017)."""

    num_leaves: int = Field(63, ge=2)
    """Most leaves per tree."""
    learning_rate: float = Field(0.05, gt=0)
    """Factor on what each tree adds."""
    max_rounds: int = Field(600, ge=1)
    """Most trees."""
    early_stopping_rounds: int = Field(30, ge=1)
    """Trees without a better logloss on valid before it stops; the best number of trees
    is kept."""
    min_data_in_leaf: int = Field(100, ge=1)
    """Fewest train rows in a leaf."""
    feature_fraction: float = Field(0.7, gt=0, le=1)
    """Share of the columns that each tree may use, drawn anew per tree."""
    lambda_l2: float = Field(1.0, ge=0)
    """L2 penalty on the values of the leaves."""
    max_bin: int = Field(63, ge=2, le=255)
    """Most bins per column; more are slower."""
    max_rows: int = Field(600_000, ge=1)
    """Most train rows; of more, whole groups are drawn at random."""


class BaselineParams(Params):
    """Baselines that are trained, to be compared with the model."""

    boosted_trees: BoostedTreesParams = Field(default_factory=BoostedTreesParams)
    components: int = Field(16, ge=0)
    """Principal components of each modality, of the target's vector and of the mean of
    the history's; 0: no vectors."""
    threads: int = Field(0, ge=0)
    """Threads that the trees are trained with; results do not change; 0: those of
    OMP_NUM_THREADS, or one per processor."""
    seed: int = Field(ge=0)
    """Seed of the drawn groups and columns."""


def require_single_fields(names: Collection[str], known: Collection[str]) -> None:
    """Refuse fields that are not there, but for those that are looked for unasked.

    Args:
        names: ``single_fields``.
        known: Fields of the rows with one value each.

    Raises:
        ValueError: Naming the first.
    """
    unasked = EvaluationParams.model_fields["single_fields"].default
    for name in names:
        if name not in known and name not in unasked:
            raise ValueError(
                f"ctr_modeling.evaluation.single_fields names '{name}', and the rows "
                f"have no such field of one value each: {suggest(name, known)}"
            )


def require_weights(params: EvaluationParams, there: bool) -> None:
    """Raise an error if measures are to be weighted and the rows have no weights.

    Args:
        params: Whether they are.
        there: Whether the rows have weights.

    Raises:
        ValueError: Then; it names the parameters.
    """
    if params.weighted and not there:
        raise ValueError(
            "ctr_modeling.evaluation.weighted=true needs weights of the rows, and "
            "these have none: name their column by preparation.weight_column"
        )
