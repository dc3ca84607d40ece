"""Stacked target cross attention."""

import torch

from mmctr.ctr.layers.norms import RmsNorm
from mmctr.ctr.model_params import ModelParams
from mmctr.ctr.models.interest_model import InterestModel
from mmctr.ctr.models.params import StackedAttentionParams
from mmctr.ctr.models.stacked_attention import AttentionLayer, StackedAttention


class StcaLayer(AttentionLayer):
    """What was found is normalised, and both sums are (Tol1ve's layer).

    ``x = norm(query + dropout(norm(attention)))``, then ``norm(x + dropout(ffn(x)))``;
    projected once, where the original projects queries, keys and values twice.

    Shapes: ``query [B, D]``, ``items [U, D]`` and their places -> ``[B, D]``.
    """

    def __init__(
        self, width: int, params: StackedAttentionParams, *, seed: int, layer: int
    ) -> None:
        """Build the layer; see :class:`AttentionLayer`."""
        super().__init__(width, params, seed=seed, layer=layer)
        self.found_norm = RmsNorm(width)
        self.attention_norm = RmsNorm(width)
        self.norm = RmsNorm(width)

    def of_items(self, items: torch.Tensor) -> torch.Tensor:
        """The items as they are."""
        return items

    def attended(self, query: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
        """The normalised sum."""
        return self.attention_norm(query + self.dropout(self.found_norm(found)))

    def joined(self, x: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
        """The normalised sum."""
        return self.norm(x + self.last_dropout(found))


class Stca(InterestModel):
    """Stacked target cross attention beside DIN's unit.

    The single model with the best published AUC on the MicroLens challenge, by Tol1ve
    (github.com/Tol1ve/MM-CTR-MMCTRers), a small form of STCA (Guan et al., arXiv
    2511.06077).
    """

    @staticmethod
    def make_interest(
        width: int, params: ModelParams, *, seed: int, first_layer: int
    ) -> StackedAttention:
        """Build the layers."""
        return StackedAttention(
            StcaLayer, width, params.stca, params, seed=seed, first_layer=first_layer
        )
