"""A multilayer perceptron, as in DIN (Zhou et al., 2018)."""

import torch

from mmctr.ctr.layers.computed_once import ComputedOnce
from mmctr.ctr.layers.mlp import FoldedLayer, folded, mlp
from mmctr.ctr.layers.plain import plain_layers
from mmctr.ctr.layers.split_columns import SplitColumns
from mmctr.ctr.model_params import ModelParams
from mmctr.ctr.models.base import Head
from mmctr.runtime.linear import linear


class MlpHead(Head, ComputedOnce):
    """``[linear, (batch norm), ReLU, (dropout)] * n, linear to 1``.

    Shapes: inputs ``[B, W]`` -> logits ``[B]``.
    """

    def __init__(
        self, width: int, params: ModelParams, *, seed: int, first_layer: int
    ) -> None:
        """Build the layers; see :func:`mmctr.ctr.models.heads.make_head`."""
        super().__init__()
        self.layers = mlp(
            width,
            params.dnn_units,
            dropout=params.dnn_dropout,
            batch_norm=params.batch_norm,
            seed=seed,
            first_layer=first_layer,
        )
        self._folded: list[FoldedLayer] | None = None
        self._values = 2 * width + 3 * sum(params.dnn_units)

    @property
    def last(self) -> torch.nn.Linear:
        """The layer that gives the logits."""
        return self.layers[-1]

    def forward(self, inputs: SplitColumns) -> torch.Tensor:
        """Score."""
        # In evaluation, normalisations are measured anew by themselves.
        measures = any(layer.training for layer in self.layers)
        if measures or torch.is_autocast_enabled(inputs.free.device.type):
            return self.layers[1:](inputs.through(self.layers[0])).squeeze(1)
        first, *others = self._folded or folded(self.layers)
        hidden = inputs.through(first)
        for layer in others:
            hidden = linear(hidden.relu_(), *layer)
        return hidden.squeeze(1)

    def compute_once(self) -> None:
        """Fold normalisations into the layers."""
        self._folded = folded(self.layers)

    def padded(self, inputs: torch.Tensor) -> torch.Tensor:
        """The same, for exports."""
        return plain_layers(self.layers, inputs).squeeze(1)

    def activations(self, rows: float) -> float:
        """Values held from forward to backward."""
        return rows * self._values
