"""Parameters of the preparation pipeline."""

from typing import Literal

from pydantic import Field, model_validator

from mmctr.data.reading.params import ReadingParams
from mmctr.runtime.params import Params


class PreparationParams(Params):
    """How raw files become the primary tables.

    A challenge is already split and labelled: only ``max_history`` and
    ``unknown_items`` apply to it.
    """

    valid_fraction: float = Field(0.1, gt=0, lt=1)
    """Valid's share of events."""
    test_fraction: float = Field(0.1, gt=0, lt=1)
    """Share of events in test, the latest ones."""
    max_history: int = Field(100, ge=1)
    """Most, and newest, items kept."""
    min_history: int | None = Field(None, ge=0)
    """Rows with a shorter history are dropped and counted; null: 1 in a log of clicks,
    0 in a log of impressions."""
    negatives_per_positive: int = Field(3, ge=1)
    """Negatives per click, where the log has no column ``label``."""
    negative_keep: float = Field(1, gt=0, le=1)
    """Share of train's negatives that are kept, where the log has a column ``label``;
    valid and test keep all."""
    weight_column: str | None = None
    """Column of the log that weighs rows; null for none."""
    weight_is: Literal["weight", "propensity"] = "weight"
    """What ``weight_column`` holds; propensity: the probability that the row was shown,
    its weight is one over it."""
    max_weight: float | None = Field(None, gt=0)
    """Greater weights are cut to this, before they are scaled to a mean of 1 in train;
    null for no limit."""
    repeats: Literal["keep", "first", "drop"] = "keep"
    """Clicks of an item that the user clicked earlier; keep: positives like others, and
    negatives are repeats as often; first: never positives, only in histories; drop:
    left out of the log."""
    window_days: float = Field(30, gt=0)
    """Days of the same part that negatives are drawn from."""
    min_eligible_items: int = Field(20, ge=1)
    """A window with fewer items to draw from is widened."""
    unknown_items: Literal["strict", "pad"] = "strict"
    """Items of rows that the item table lacks, and levels of test rows outside 0 to 10;
    strict: an error; pad: counted and left out, but rows of a challenge's test are
    scored as items of which nothing is known."""
    reading: ReadingParams = ReadingParams()
    """How a log's files are read."""
    seed: int = Field(ge=0)
    """Seed of the draws of negatives, and of the order of equal timestamps."""

    @model_validator(mode="after")
    def _some_train_is_left(self) -> "PreparationParams":
        if self.valid_fraction + self.test_fraction >= 1:
            raise ValueError("valid_fraction + test_fraction must stay below 1")
        return self
