"""Typed parameters of the evaluation."""

from pydantic import Field

from mmctr.runtime.params import Params


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
    """Click rate of an item without train rows."""
    prior_strength: float = Field(10.0, gt=0)
    """Train rows that the prior click rate counts as."""
    seed: int = Field(ge=0)
    """Seed of the resampled users."""
