"""Parameters of scoring a log."""

from typing import Literal

from pydantic import Field

from mmctr.runtime.params import Params
from mmctr.serving.scorer import Unknown


class PredictParams(Params):
    """How the rows of a log are scored by a bundle."""

    rows_at_once: int = Field(131_072, ge=1)
    """Rows per piece: what is in memory at a time, and what a stopped run keeps. Scores
    are bit for bit the same for multiples of the bundle's
    training.predict_batch_size."""
    unknown: Unknown = "score"
    """What happens to rows whose item the bundle lacks; score: the item has no feature
    of its own; refuse: an error."""
    clicks: Literal["auto", "labelled", "all"] = "auto"
    """Which rows are clicks that later rows of their user have in their history;
    labelled: those of label 1; all: every row; auto: all in a log without a label,
    if the bundle was trained on a log of clicks, else labelled."""
    measured_rows: int = Field(2_000_000, ge=1)
    """Most labelled rows that metrics are computed on; of more, those of some users."""
    folder: str
    """Folder for the pieces of a run that is under way; each log and bundle has a
    folder of its own in it, until its predictions are saved."""
    progress: bool = False
    """Draw a bar also where stderr is no terminal."""
