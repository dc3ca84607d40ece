"""Batch normalisation whose results do not depend on the number of threads."""

import torch
from torch import nn


class PlainBatchNorm(nn.BatchNorm1d):
    """``torch.nn.BatchNorm1d`` by plain sums over rows; ``[n, d]`` -> ``[n, d]``.

    On a CPU torch's own kernel gives every thread some of the rows, so another number
    of threads rounds its sums and gradients differently. A plain sum over rows gives
    every thread some of the columns. Parameters, running statistics and evaluation are
    those of torch, results equal to rounding.
    """

    def __init__(self, width: int) -> None:
        """Start as torch does.

        Args:
            width: Columns.
        """
        super().__init__(width)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Normalise by the batch in training, else by the running statistics.

        Raises:
            ValueError: In training, if there are fewer than two rows.
        """
        rows = input.shape[0]
        if not self.training or input.device.type != "cpu" or rows <= 1:
            return super().forward(input)
        wide = input.to(torch.promote_types(input.dtype, torch.float32))
        mean = wide.mean(dim=0)
        centred = wide - mean
        variance = centred.square().mean(dim=0)
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (rows / (rows - 1)), self.momentum)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return torch.addcmul(self.bias, centred, scale).to(input.dtype)
