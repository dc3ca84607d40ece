"""The Deep Interest Network (Zhou et al., 2018)."""

from mmctr.ctr.model_params import ModelParams
from mmctr.ctr.models.din.attention import TargetAttention
from mmctr.ctr.models.interest_model import InterestModel


class Din(InterestModel):
    """DIN: its activation unit over the history, and a multilayer perceptron."""

    @staticmethod
    def make_interest(
        width: int, params: ModelParams, *, seed: int, first_layer: int
    ) -> TargetAttention:
        """Build the activation unit."""
        return TargetAttention(
            width,
            params.attention_units,
            dropout=params.attention_dropout,
            seed=seed,
            first_layer=first_layer,
        )
