"""Layers with torch's own products, which every export knows."""

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn import functional


def plain_layers(layers: Iterable[nn.Module], x: torch.Tensor) -> torch.Tensor:
    """Pass ``x`` through layers, one after the other."""
    for layer in layers:
        x = plain_linear(layer, x) if isinstance(layer, nn.Linear) else layer(x)
    return x


def overwriting_layers(layers: Iterable[nn.Module], x: torch.Tensor) -> torch.Tensor:
    """The same in evaluation; ``x`` is overwritten, which leaves more in the cache."""
    for layer in layers:
        if isinstance(layer, nn.ReLU):
            x.relu_()
        else:
            x = plain_linear(layer, x) if isinstance(layer, nn.Linear) else layer(x)
    return x


def plain_linear(layer: nn.Linear, x: torch.Tensor) -> torch.Tensor:
    """``layer(x)``; ``[..., k]`` -> ``[..., n]``."""
    return functional.linear(x, layer.weight, layer.bias)
