"""FuxiCTR's MLP, with dropout that can be resumed, and independent of threads."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import nn

from mmctr.ctr.layers.batch_norm import PlainBatchNorm
from mmctr.ctr.layers.dropout import Axis, StepDropout
from mmctr.runtime.linear import RowsLinear


def mlp(
    input_dim: int,
    units: list[int],
    *,
    dropout: float,
    batch_norm: bool,
    seed: int,
    first_layer: int,
    axis: Axis = "rows",
) -> nn.Sequential:
    """Build ``[linear, (batch norm), ReLU, (dropout)] * n, linear to 1``.

    The layers and their names are those of ``fuxictr.pytorch.layers.MLP_Block``.

    Args:
        input_dim: Width of the input.
        units: Widths of the hidden layers.
        dropout: Share of hidden values dropped in training.
        batch_norm: Normalise each hidden layer over the batch before its ReLU.
        seed: Seed of the dropout.
        first_layer: Number of the first dropout layer in the model.
        axis: What the n are.

    Returns:
        The layers; ``[n, input_dim]`` -> ``[n, 1]``.
    """
    # Late, since FuxiCTR imports Ray, which takes seconds.
    from fuxictr.pytorch.layers import MLP_Block

    layers = MLP_Block(
        input_dim=input_dim,
        output_dim=1,
        hidden_units=list(units),
        hidden_activations="ReLU",
        dropout_rates=dropout,
        batch_norm=batch_norm,
    ).mlp
    number = first_layer
    for place, layer in enumerate(layers):
        if isinstance(layer, nn.Linear):
            layers[place] = _with_fast_product(layer)
        if isinstance(layer, nn.BatchNorm1d):
            layers[place] = PlainBatchNorm(layer.num_features)
        if isinstance(layer, nn.Dropout):
            layers[place] = StepDropout(layer.p, seed=seed, layer=number, axis=axis)
            number += 1
    return layers


class FoldedLayer(NamedTuple):
    """A linear layer ``[m, k]`` -> ``[m, n]``.

    Attributes:
        weight: ``[n, k]``.
        bias: ``[n]``.
    """

    weight: torch.Tensor
    bias: torch.Tensor


def folded(layers: Iterable[nn.Module]) -> list[FoldedLayer]:
    """The linear layers of an :func:`mlp` in evaluation, normalisation within them."""
    found: list[FoldedLayer] = []
    for layer in layers:
        if isinstance(layer, nn.Linear):
            found.append(FoldedLayer(layer.weight, layer.bias))
        elif isinstance(layer, nn.BatchNorm1d):
            weight, bias = found.pop()
            scale = layer.weight * torch.rsqrt(layer.running_var + layer.eps)
            bias = torch.addcmul(layer.bias, bias - layer.running_mean, scale)
            found.append(FoldedLayer(weight * scale[:, None], bias))
    return found


def _with_fast_product(layer: nn.Linear) -> RowsLinear:
    """The same layer, and the same parameters, with another product."""
    fast = RowsLinear(layer.in_features, layer.out_features, device="meta")
    fast.weight, fast.bias = layer.weight, layer.bias
    return fast
