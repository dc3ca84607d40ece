"""Dropout whose masks depend only on the seed and the step."""

import math
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.inputs.batch_part import Part, Span

Axis = Literal["rows", "positions", "items", "tokens", "blocks"]
"""What the first axis of a mask numbers: rows of the batch; positions of histories;
distinct items; positions, then rows; or something else, which has no parts."""


class StepDropout(nn.Module):
    """Dropout (Srivastava et al., 2014) drawn from (seed, layer, step).

    A resumed run draws the same masks as one that was not interrupted. On a CPU
    the bits come from NumPy's SFC64, since torch draws its masks there on one thread.
    Where several processes share a batch, each draws the mask of the whole batch and
    uses its own part: together they drop what one process would.

    Shapes: any ``x`` -> the same.

    Examples:
        >>> layer = StepDropout(0.5, seed=1, layer=0)
        >>> layer.step = 7
        >>> layer(torch.ones(4, 2)).shape
        torch.Size([4, 2])
    """

    def __init__(self, p: float, *, seed: int, layer: int, axis: Axis = "rows") -> None:
        """Set up one layer.

        Args:
            p: Share of values set to zero; the others are scaled by 1 / (1 - share).
            seed: Seed of the run.
            layer: Number of this layer in its model, so that layers differ.
            axis: What the first axis of its inputs numbers; behind the entries of a
                batch there may be spare ones, but not behind rows.
        """
        super().__init__()
        # A mask is drawn from 16 bits per value, so the share is a multiple of 2**-16.
        self._threshold = round(p * 2**16)
        self._seed = seed
        self._layer = layer
        self.axis = axis
        self.step = 0
        self.part: Part | None = None
        """Of the batch that inputs are of; None: the whole."""

    @property
    def drops(self) -> bool:
        """Whether its share is over 0."""
        return self._threshold > 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Drop values while training; the identity otherwise."""
        if not self.training or not self.drops:
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

        Raises:
            ValueError: If the batch is a part, and ``shape`` is not one of its axis.
        """
        if self.part is None:
            return self._draw(shape, device)
        count, others = shape[0], shape[1:]
        places = _places(self.part, self.axis, count)
        if isinstance(places, Span):
            # Draws of a CPU do not depend on how many come behind.
            end = places.start + count
            rows = end if device.type == "cpu" else places.total
            return self._draw((rows, *others), device)[places.start : end]
        places, total = places
        own = functional.pad(places, (0, count - len(places)))
        return self._draw((total, *others), device).index_select(0, own)

    def _draw(self, shape: Sequence[int], device: torch.device) -> torch.Tensor:
        key = np.random.SeedSequence([self._seed, self._layer, self.step])
        if device.type == "cpu":
            count = math.prod(shape)
            raw = np.random.SFC64(key).random_raw(-(-count // 4))
            bits = np.atleast_1d(raw).view(np.uint16)[:count]
            return torch.from_numpy(bits >= self._threshold).view(*shape)
        generator = torch.Generator(device)
        generator.manual_seed(int(key.generate_state(1, np.uint64)[0] >> 1))
        bits = torch.randint(0, 2**16, shape, generator=generator, device=device)
        return bits >= self._threshold


def _places(part: Part, axis: Axis, count: int) -> Span | tuple[torch.Tensor, int]:
    """Where the entries of an axis are in the whole batch; and how many it has."""
    rows, positions = part.rows, part.positions
    places: Span | tuple[torch.Tensor, int] = rows
    own = rows.count
    if axis == "positions":
        places, own = positions, positions.count
    elif axis == "items":
        places, own = (part.items, part.n_items), len(part.items)
    elif axis == "tokens":
        device, own = part.items.device, positions.count + rows.count
        first = torch.arange(positions.count, device=device) + positions.start
        second = torch.arange(rows.count, device=device) + rows.start
        total = positions.total + rows.total
        places = (torch.cat([first, second + positions.total]), total)
    if axis == "blocks" or count < own or (axis == "rows" and count != own):
        raise ValueError(
            f"dropout over {axis}: expected {own} entries, got {count}; of such a mask "
            "several workers can't draw their parts: set its dropout to 0, or train "
            "with one worker"
        )
    return places


def dropout_layers(model: nn.Module) -> list[StepDropout]:
    """Every dropout layer of a model."""
    return [module for module in model.modules() if isinstance(module, StepDropout)]


def set_dropout_step(
    layers: Iterable[StepDropout], step: int, part: Part | None = None
) -> None:
    """Set the training step of dropout layers, and the part of its batch."""
    for layer in layers:
        layer.step = step
        layer.part = part
