"""Batch normalisation whose results do not depend on the number of threads."""

import torch
from torch import nn

from mmctr.runtime.ranks import Ranks, sum_over_ranks


class PlainBatchNorm(nn.BatchNorm1d):
    """``torch.nn.BatchNorm1d`` by plain sums over rows; ``[n, d]`` -> ``[n, d]``.

    On a CPU torch's own kernel gives every thread some of the rows, so another number
    of threads rounds its sums and gradients differently. A plain sum over rows gives
    every thread some of the columns. Parameters, running statistics and evaluation are
    those of torch, results equal to rounding.

    Where several processes share a batch, sums are over the rows of all, in double
    precision, on every device: running statistics are the same everywhere.
    """

    def __init__(self, width: int) -> None:
        """Start as torch does.

        Args:
            width: Columns.
        """
        super().__init__(width)
        self.ranks = Ranks()
        """The processes that share a batch."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Normalise by the batch in training, else by the running statistics.

        Raises:
            ValueError: In training, if there are fewer than two rows.
        """
        if self.training and self.ranks.count > 1:
            return self._over_ranks(input)
        rows = input.shape[0]
        if not self.training or input.device.type != "cpu" or rows <= 1:
            return super().forward(input)
        wide = input.to(torch.promote_types(input.dtype, torch.float32))
        mean = wide.mean(dim=0)
        centred = wide - mean
        variance = centred.square().mean(dim=0)
        self._note(mean, variance * (rows / (rows - 1)))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return torch.addcmul(self.bias, centred, scale).to(input.dtype)

    def _over_ranks(self, input: torch.Tensor) -> torch.Tensor:
        exact = input.double()
        count = exact.new_tensor([len(input)])
        own = torch.cat([exact.sum(dim=0), exact.square().sum(dim=0), count])
        *sums, rows = sum_over_ranks(own).split([self.num_features] * 2 + [1])
        mean, squares = (each / rows for each in sums)
        variance = (squares - mean.square()).clamp_min(0)
        self._note(mean, variance * (rows / (rows - 1)))
        wide = input.to(torch.promote_types(input.dtype, torch.float32))
        scale = self.weight * torch.rsqrt(variance.to(wide.dtype) + self.eps)
        centred = wide - mean.to(wide.dtype)
        return torch.addcmul(self.bias, centred, scale).to(input.dtype)

    @torch.no_grad()
    def _note(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        """Move the running statistics towards those of a batch."""
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
        self.running_var.lerp_(variance.to(self.running_var.dtype), self.momentum)
