"""Row statistics as inputs: numbers of a row that tables of items can't hold."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import nn

from mmctr.ctr.features.quantiles import QuantileScales
from mmctr.runtime.scratch import AT_ONCE

FIT_ROWS = 400_000
"""Most train rows, drawn by the seed, that scales and quantiles are fitted on."""

POINTS = 201
"""Quantiles per statistic, from the least to the greatest value."""

LIMIT = 4.0
"""Largest absolute standardised value."""

MODULE = "row_statistics"
"""Name of the module in a model."""

_TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class StatisticScales:
    """What is fitted on the statistics of train rows.

    Attributes:
        names: S names.
        mean: ``[S]`` float32, of the defined values.
        factor: ``[S]`` float32, 1 / standard deviation; 0 where all values are equal.
        points: ``[S, 201]`` float32, ascending quantiles of the defined values.
        may_miss: ``[S]`` bool, whether train has undefined values.
    """

    names: tuple[str, ...]
    mean: np.ndarray
    factor: np.ndarray
    points: np.ndarray
    may_miss: np.ndarray

    @classmethod
    def unfitted(cls, names: tuple[str, ...]) -> Self:
        """Scales of the largest size: every statistic may be missing."""
        count = len(names)
        zeros = np.zeros(count, np.float32)
        points = np.zeros((count, POINTS), np.float32)
        return cls(names, zeros, zeros.copy(), points, np.ones(count, bool))

    @classmethod
    def fit(cls, names: tuple[str, ...], values: np.ndarray, seed: int) -> Self:
        """Fit on train.

        Args:
            names: S names.
            values: ``[rows, S]`` float32, NaN where undefined.
            seed: Draws the rows where there are more than :data:`FIT_ROWS`.

        Returns:
            The scales; a statistic without any defined value is constant.
        """
        if len(values) > FIT_ROWS:
            rng = np.random.default_rng(seed)
            drawn = rng.choice(len(values), FIT_ROWS, replace=False, shuffle=False)
            sample = values[np.sort(drawn)]
        else:
            sample = values
        scales = cls.unfitted(names)
        # A rare gap may be outside of the sample.
        scales.may_miss[:] = False
        for start in range(0, len(values), AT_ONCE):
            piece = values[start : start + AT_ONCE]
            scales.may_miss[:] |= np.isnan(piece).any(axis=0)
        for place, column in enumerate(sample.T):
            known = column[~np.isnan(column)].astype(np.float64)
            if known.size and known.min() < known.max():
                scales.mean[place] = known.mean()
                scales.factor[place] = 1 / max(known.std(), _TINY)
                grid = np.linspace(0, 1, POINTS)
                scales.points[place] = np.quantile(known, grid)
        return scales

    @classmethod
    def of_weights(cls, weights: dict[str, torch.Tensor]) -> Self:
        """Read the scales that a model was trained with."""
        prefix = f"{MODULE}."
        saved = {
            name.removeprefix(prefix): tensor.cpu().numpy()
            for name, tensor in weights.items()
            if name.startswith(prefix)
        }
        if not saved:
            return cls.unfitted(())
        names = tuple(saved.pop("names").tobytes().decode().split("\n"))
        return cls(names, **saved)


class RowStatistics(nn.Module):
    """Each statistic twice, standardised and as a quantile of train.

    The standardised value is cut to -4..4. The quantile, from -1 to 1, is linear
    between 201 points of train; equal points count as their middle. Both are 0 where
    the statistic is undefined or was constant in train. A statistic with undefined
    values in train has a third input, 1 where it is undefined.

    The scales are stored with the weights; loading weights restores them.

    Shapes: ``statistics [B, S]`` -> ``[B, width]``, float32.
    """

    def __init__(self, scales: StatisticScales) -> None:
        """Store the scales.

        Args:
            scales: Fitted on train, or read from the weights that will be loaded.
        """
        super().__init__()
        names = np.frombuffer("\n".join(scales.names).encode(), np.uint8).copy()
        self.register_buffer("names", torch.from_numpy(names))
        for name in ("mean", "factor", "points", "may_miss"):
            self.register_buffer(name, torch.from_numpy(getattr(scales, name)))
        optional = np.flatnonzero(scales.may_miss)
        places = torch.from_numpy(optional) if len(optional) else None
        self.register_buffer("_optional", places, persistent=False)
        middles = torch.zeros_like(self.points)
        self.register_buffer("_middles", middles, persistent=False)
        self.register_load_state_dict_post_hook(lambda own, _: own.refresh_middles())
        self.refresh_middles()
        self.width = 2 * len(scales.names) + len(optional)

    @torch.no_grad()
    def forward(self, statistics: torch.Tensor) -> torch.Tensor:
        """Scale a batch."""
        if not self.training and statistics.device.type == "cpu":
            columns = self._by_column(statistics.T.contiguous().numpy())
            # As rows: others are joined to them several times as fast.
            return torch.from_numpy(columns).T.contiguous()
        return self.on_any_device(statistics)

    def _by_column(self, columns: np.ndarray) -> np.ndarray:
        """``[S, B]`` to ``[width, B]``."""
        if self._scales is None:
            self._scales = QuantileScales(self.points.numpy(), self._middles.numpy())
        mean, factor = self.mean.numpy()[:, None], self.factor.numpy()[:, None]
        missing = np.isnan(columns)
        known = np.where(missing, mean, columns)
        quantiles = self._scales(known)
        quantiles[missing | (factor == 0)] = 0
        known -= mean
        known *= factor
        inputs = [known.clip(-LIMIT, LIMIT, out=known), quantiles]
        if self._optional is not None:
            inputs.append(missing[self._optional.numpy()].astype(np.float32))
        return np.concatenate(inputs)

    def on_any_device(self, statistics: torch.Tensor) -> torch.Tensor:
        """The same numbers by torch."""
        missing = statistics.isnan()
        known = torch.where(missing, self.mean, statistics)
        standard = ((known - self.mean) * self.factor).clamp(-LIMIT, LIMIT)
        quantiles = self._quantiles(known.T.contiguous()).T
        quantiles = torch.where(missing | (self.factor == 0), 0.0, quantiles)
        inputs = [standard, quantiles]
        if self._optional is not None:
            optional = missing.index_select(1, self._optional)
            inputs.append(optional.to(standard.dtype))
        return torch.cat(inputs, dim=1)

    @torch.no_grad()
    def refresh_middles(self) -> None:
        """Find the middle of the block of equal points that each point belongs to."""
        start = torch.searchsorted(self.points, self.points)
        end = torch.searchsorted(self.points, self.points, right=True)
        self._middles.copy_((start + end - 1) / 2)
        self._scales: QuantileScales | None = None

    def _quantiles(self, columns: torch.Tensor) -> torch.Tensor:
        """``[S, B]`` values to quantiles in -1..1."""
        last = POINTS - 1
        first = self._first_at_least(columns)
        below, above = (first - 1).clamp(min=0), first.clamp(max=last)
        lower, upper = self.points.gather(1, below), self.points.gather(1, above)
        # Outside of all points this is infinite, and cut below.
        between = first - 1 + (columns - lower) / (upper - lower)
        equal = self._middles.gather(1, above)
        places = torch.where(columns == upper, equal, between).clamp(0, last)
        return places * (2 / last) - 1

    def _first_at_least(self, columns: torch.Tensor) -> torch.Tensor:
        """``[S, B]``, the first point that is not below each value; 201: none."""
        return torch.searchsorted(self.points, columns)
