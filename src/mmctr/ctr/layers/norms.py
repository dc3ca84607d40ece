"""Normalisation of rows whose results do not depend on the number of threads.

On a CPU torch's own kernels give every thread some of the rows, so another number of
threads rounds the gradients of their weights differently. Plain sums over rows don't.
"""

import torch
from torch import nn
from torch.nn import functional


class RmsNorm(nn.Module):
    """``torch.nn.RMSNorm`` (Zhang & Sennrich, 2019); ``[..., d]`` -> the same."""

    def __init__(self, width: int) -> None:
        """Start with weights of 1.

        Args:
            width: Columns.
        """
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self._eps = torch.finfo(torch.float32).eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise every row."""
        x = x.to(torch.promote_types(x.dtype, torch.float32))
        scale = torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + self._eps)
        return x * scale * self.weight


class PlainLayerNorm(nn.LayerNorm):
    """``torch.nn.LayerNorm`` (Ba et al., 2016); ``[..., d]`` -> the same."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Normalise every row."""
        x = input.to(torch.promote_types(input.dtype, torch.float32))
        x = functional.layer_norm(x, self.normalized_shape, eps=self.eps)
        return x * self.weight + self.bias
