"""Multi-head target attention."""

import torch

from mmctr.ctr.layers.norms import RmsNorm
from mmctr.ctr.model_params import ModelParams
from mmctr.ctr.models.interest_model import InterestModel
from mmctr.ctr.models.params import StackedAttentionParams
from mmctr.ctr.models.stacked_attention import AttentionLayer, StackedAttention


class MhtaLayer(AttentionLayer):
    """One normalisation, of the history and of the first sum (Gavin113's layer).

    ``x = norm(query + dropout(attention(query, norm(items))))``, then ``x +
    dropout(ffn(x))``; projected once, where the original projects queries, keys and
    values twice.

    Shapes: ``query [B, D]``, ``items [U, D]`` and their places -> ``[B, D]``.
    """

    ITEM_VALUES = 2

    def __init__(
        self, width: int, params: StackedAttentionParams, *, seed: int, layer: int
    ) -> None:
        """Build the layer; see :class:`AttentionLayer`."""
        super().__init__(width, params, seed=seed, layer=layer)
        self.norm = RmsNorm(width)

    def of_items(self, items: torch.Tensor) -> torch.Tensor:
        """The normalised items."""
        return self.norm(items)

    def attended(self, query: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
        """The normalised sum."""
        return self.norm(query + self.dropout(found))

    def joined(self, x: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
        """The sum."""
        return x + self.last_dropout(found)


class Mhta(InterestModel):
    """Layers of multi-head target attention beside DIN's unit.

    Second in AUC of the published models of the MicroLens challenge, by Gavin113
    (github.com/Gavin113/WWW2025_MMCTR).
    """

    @staticmethod
    def make_interest(
        width: int, params: ModelParams, *, seed: int, first_layer: int
    ) -> StackedAttention:
        """Build the layers."""
        return StackedAttention(
            MhtaLayer, width, params.mhta, params, seed=seed, first_layer=first_layer
        )
