"""The quadratic network of QIN (Zhou & Yan, arXiv 2504.17699)."""

import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.layers.batch_norm import PlainBatchNorm
from mmctr.ctr.layers.dropout import StepDropout
from mmctr.ctr.layers.split_columns import SplitColumns
from mmctr.ctr.model_params import ModelParams
from mmctr.ctr.models.base import Head
from mmctr.runtime.linear import RowsLinear, linear


class QuadraticLayer(nn.Module):
    """``x + dropout(prelu(norm(x * sum over r of (W_r x + b_r))))``.

    The projections are added before the product with x, so the work is that of one of
    them; several start wider and learn faster. The original also drops values of each
    projection, which would have to be computed apart.

    Shapes: ``[B, W]`` -> the same.
    """

    def __init__(
        self, width: int, params: ModelParams, *, seed: int, layer: int
    ) -> None:
        """Build the layer.

        Args:
            width: Columns.
            params: Projections, dropout, and whether to normalise.
            seed: Seed of the dropout.
            layer: Its number among the model's dropout layers.
        """
        super().__init__()
        self._apart = (params.quadratic.terms, width)
        self.terms = nn.Linear(width, params.quadratic.terms * width)
        self.norm = PlainBatchNorm(width) if params.batch_norm else nn.Identity()
        self.slope = nn.Parameter(torch.full((1,), 0.25))
        self.dropout = StepDropout(params.quadratic.dropout, seed=seed, layer=layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the layer."""
        return self._joined(x, linear(x, *self._sums()))

    def padded(self, x: torch.Tensor) -> torch.Tensor:
        """The same, for exports."""
        return self._joined(x, functional.linear(x, *self._sums()))

    def _sums(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The sum of the matrices ``[W, W]``, and of the biases."""
        matrices = self.terms.weight.unflatten(0, self._apart)
        return matrices.sum(0), self.terms.bias.unflatten(0, self._apart).sum(0)

    def _joined(self, x: torch.Tensor, projected: torch.Tensor) -> torch.Tensor:
        products = self.norm(x * projected)
        # As PReLU; its gradient is summed by columns, whatever the number of threads.
        slope = self.slope.expand(products.shape[1])
        kept = functional.relu(products) - slope * functional.relu(-products)
        return x + self.dropout(kept)


class QuadraticHead(Head):
    """Quadratic layers as wide as the inputs, then a layer to 1.

    Shapes: inputs ``[B, W]`` -> logits ``[B]``.
    """

    def __init__(
        self, width: int, params: ModelParams, *, seed: int, first_layer: int
    ) -> None:
        """Build the layers; see :func:`mmctr.ctr.models.heads.make_head`."""
        super().__init__()
        layers = params.quadratic.layers
        self.layers = nn.ModuleList(
            QuadraticLayer(width, params, seed=seed, layer=first_layer + place)
            for place in range(layers)
        )
        self._last = RowsLinear(width, 1)
        self._values = (1 + 10 * layers) * width

    @property
    def last(self) -> nn.Linear:
        """The layer that gives the logits."""
        return self._last

    def forward(self, inputs: SplitColumns) -> torch.Tensor:
        """Score."""
        x = inputs.whole()
        for layer in self.layers:
            x = layer(x)
        return self._last(x).squeeze(1)

    def padded(self, inputs: torch.Tensor) -> torch.Tensor:
        """The same, for exports."""
        for layer in self.layers:
            inputs = layer.padded(inputs)
        return functional.linear(inputs, self._last.weight, self._last.bias).squeeze(1)

    def activations(self, rows: float) -> float:
        """Values held from forward to backward."""
        return rows * self._values
