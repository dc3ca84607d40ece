"""Dropout whose masks depend only on the seed and the step."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import nn


class StepDropout(nn.Module):
    """Dropout (Srivastava et al., 2014) drawn from (seed, layer, step).

    A resumed run draws the same masks as one that was not interrupted. On a CPU
    the bits come from NumPy's SFC64, since torch draws its masks there on one thread.

    Shapes: any ``x`` -> the same.

    Examples:
        >>> layer = StepDropout(0.5, seed=1, layer=0)
        >>> layer.step = 7
        >>> layer(torch.ones(4, 2)).shape
        torch.Size([4, 2])
    """

    def __init__(self, p: float, *, seed: int, layer: int) -> None:
        """Set up one layer.

        Args:
            p: Share of values set to zero; the others are scaled by 1 / (1 - share).
            seed: Seed of the run.
            layer: Number of this layer in its model, so that layers differ.
        """
        super().__init__()
        # A mask is drawn from 16 bits per value, so the share is a multiple of 2**-16.
        self._threshold = round(p * 2**16)
        self._seed = seed
        self._layer = layer
        self.step = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Drop values while training; the identity otherwise."""
        if not self.training or self._threshold == 0:
            return x
        # Scaled in single precision at least, however coarse the values are. Bytes
        # become numbers much faster than booleans do.
        wide = torch.promote_types(x.dtype, torch.float32)
        factors = self.draw_kept(x.shape, x.device).view(torch.uint8).to(wide)
        factors *= 2**16 / (2**16 - self._threshold)
        return (x * factors).to(x.dtype)

    def draw_kept(self, shape: torch.Size, device: torch.device) -> torch.Tensor:
        """Draw which values stay.

        Returns:
            Bool mask of ``shape`` on ``device``; the same for the same seed, layer and
            step.
        """
        key = np.random.SeedSequence([self._seed, self._layer, self.step])
        if device.type == "cpu":
            count = shape.numel()
            raw = np.random.SFC64(key).random_raw(-(-count // 4))
            bits = np.atleast_1d(raw).view(np.uint16)[:count]
            return torch.from_numpy(bits >= self._threshold).view(shape)
        generator = torch.Generator(device)
        generator.manual_seed(int(key.generate_state(1, np.uint64)[0] >> 1))
        bits = torch.randint(0, 2**16, shape, generator=generator, device=device)
        return bits >= self._threshold


def dropout_layers(model: nn.Module) -> list[StepDropout]:
    """Every dropout layer of a model."""
    return [module for module in model.modules() if isinstance(module, StepDropout)]


def set_dropout_step(layers: Iterable[StepDropout], step: int) -> None:
    """Set the training step of dropout layers."""
    for layer in layers:
        layer.step = step
