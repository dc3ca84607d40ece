"""Parameters of going on training from a bundle."""

from typing import Literal

from pydantic import Field

from mmctr.runtime.params import Params


class GoingOnParams(Params):
    """How a training goes on from the weights of a bundle (start_from)."""

    replay: float = Field(0.2, ge=0, le=1)
    """Share of the groups of rows that the bundle was trained on which are trained on
    again, beside all later rows; drawn by the seed."""
    learning_rate_factor: float = Field(0.5, gt=0)
    """Factor on the learning rates of training."""
    max_epochs: int = Field(1, ge=0)
    """Passes over these rows, in place of training.max_epochs; 0: the weights stay as
    they are, with vectors for what is new, and only the calibration is fitted again."""
    new_items: Literal["unknown", "neighbours"] = "unknown"
    """What the id of an item that the bundle was not trained on starts from, where ids
    are a feature; unknown: the vector of unknown items; neighbours: the mean of the ten
    items with the most similar content."""
