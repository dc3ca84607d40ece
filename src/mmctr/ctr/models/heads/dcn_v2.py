"""Deep & Cross Network V2 (Wang et al., 2021), in parallel."""

import torch
from torch import nn

from mmctr.ctr.layers.mlp import mlp
from mmctr.ctr.layers.plain import plain_layers, plain_linear
from mmctr.ctr.layers.split_columns import SplitColumns
from mmctr.ctr.model_params import ModelParams
from mmctr.ctr.models.base import Head
from mmctr.runtime.linear import RowsLinear


class DcnHead(Head):
    """A cross network beside a multilayer perceptron; a layer joins both.

    A cross layer is ``x0 * (W x + b) + x``, as FuxiCTR's ``CrossNetV2`` has it.

    Shapes: inputs ``[B, W]`` -> logits ``[B]``.
    """

    def __init__(
        self, width: int, params: ModelParams, *, seed: int, first_layer: int
    ) -> None:
        """Build the layers; see :func:`mmctr.ctr.models.heads.make_head`."""
        super().__init__()
        layers, units = params.dcn_v2.layers, params.dnn_units
        self.cross = nn.ModuleList(RowsLinear(width, width) for _ in range(layers))
        self.deep = mlp(
            width,
            units,
            dropout=params.dnn_dropout,
            batch_norm=params.batch_norm,
            seed=seed,
            first_layer=first_layer,
        )[:-1]
        self.join = RowsLinear(width + units[-1], 1)
        self._values = (2 + 3 * layers) * width + 3 * sum(units)

    @property
    def last(self) -> nn.Linear:
        """The layer that gives the logits."""
        return self.join

    def forward(self, inputs: SplitColumns) -> torch.Tensor:
        """Score."""
        whole = crossed = inputs.whole()
        for layer in self.cross:
            crossed = whole * layer(crossed) + crossed
        deep = self.deep[1:](inputs.through(self.deep[0]))
        return self.join(torch.cat([crossed, deep], dim=1)).squeeze(1)

    def padded(self, inputs: torch.Tensor) -> torch.Tensor:
        """The same, for exports."""
        crossed = inputs
        for layer in self.cross:
            crossed = inputs * plain_linear(layer, crossed) + crossed
        both = torch.cat([crossed, plain_layers(self.deep, inputs)], dim=1)
        return plain_linear(self.join, both).squeeze(1)

    def activations(self, rows: float) -> float:
        """Values held from forward to backward."""
        return rows * self._values
