"""Residual k-means, then finite scalar quantisation of what it leaves over.

The k-means levels say what an item is like, the rounded numbers behind them tell items
of one cell apart (RQ-FSQ, arXiv 2606.01396). Nothing is trained: the rest is projected
on its principal components, squashed by tanh and rounded.
"""

import math
from typing import Any

import numpy as np
import torch

from mmctr.content.quantizers.base import BaseQuantizer
from mmctr.content.quantizers.checks import ENCODED_ROWS, row_chunks
from mmctr.content.quantizers.method_params import RQFSQParams, RQKMeansParams
from mmctr.content.quantizers.protocol import FitReport
from mmctr.content.quantizers.rq_kmeans import RQKMeans

_OWN = ("axes", "spread", "values")


class RQFSQ(BaseQuantizer[RQFSQParams]):
    """``levels`` codes by residual k-means, then ``rest_positions`` codes of its rest.

    Component i of the rest, in units of its standard deviation, becomes digit
    ``round((l - 1) / 2 * (tanh(z) + 1))`` of l values, and stands for the mean of the
    items with that digit. The digits of a position make one code, the first digit the
    fastest. The same seed and vectors give the same codes on one machine.

    Shapes: vectors ``[n, width]`` float32, codes ``[n, levels + rest_positions]`` int32
    in 1..codebook_size.
    """

    def __init__(self, params: RQFSQParams, *, width: int, **frame: Any) -> None:
        """Set up an unfitted quantiser.

        Args:
            params: Levels, codebook size, iterations, and how the rest is rounded.
            width: Width of the vectors, at least as many as rounded numbers.
            frame: As :class:`~mmctr.content.quantizers.base.BaseQuantizer` takes it.

        Raises:
            ValueError: If the vectors are narrower than the rounded numbers.
        """
        super().__init__(params, width=width, **frame)
        self._sizes_of_digits = np.tile(params.rest_levels, params.rest_positions)
        if len(self._sizes_of_digits) > width:
            raise ValueError(
                f"vectors of width {width} have no {len(self._sizes_of_digits)} "
                "components to round; set rq_fsq.rest_positions or rest_levels to less"
            )
        self._strides = np.cumprod([1, *params.rest_levels[:-1]])
        coarse = RQKMeansParams(
            **params.model_dump(include=set(RQKMeansParams.model_fields))
        )
        self._coarse = RQKMeans(coarse, width=width, **frame)

    def _fit(self, vectors: np.ndarray) -> FitReport:
        from sklearn.decomposition import PCA  # it takes a second to import

        self._coarse.fit(vectors)
        rest = vectors - self._coarse.decode(self._coarse.encode(vectors))
        components = len(self._sizes_of_digits)
        self._axes = np.zeros((components, self._width), np.float32)
        if rest.any():  # k-means has left something over
            kept = min(components, len(rest))
            fitted = PCA(kept, svd_solver="covariance_eigh").fit(rest)
            self._axes[:kept] = fitted.components_
        projected = rest @ self._axes.T
        self._spread = projected.std(axis=0)
        digits = self._round(projected)
        self._values = np.zeros((components, self._sizes_of_digits.max()), np.float32)
        for values, own, column in zip(
            self._values, digits.T, projected.T, strict=True
        ):
            counts = np.bincount(own, minlength=len(values))
            sums = np.bincount(own, column, minlength=len(values))
            values[:] = sums / np.maximum(counts, 1)
        error = np.square(rest - self._unround(digits))
        return FitReport(
            steps=self._params.levels + 1,
            reconstruction=float(error.mean(dtype=np.float64)),
        )

    def _encode(self, vectors: np.ndarray, indices: np.ndarray) -> None:
        levels, per_position = self._params.levels, len(self._strides)
        for start, rows in row_chunks(vectors, ENCODED_ROWS):
            place = slice(start, start + len(rows))
            codes = self._coarse.encode(rows)
            rest = rows - self._coarse.decode(codes)
            digits = self._round(rest @ self._axes.T)
            indices[place, :levels] = codes - 1
            groups = digits.reshape(len(rows), -1, per_position)
            indices[place, levels:] = groups @ self._strides

    def _decode(self, indices: np.ndarray) -> np.ndarray:
        levels, sizes = self._params.levels, self._params.rest_levels
        groups = indices[:, levels:, None] // self._strides % sizes
        digits = groups.reshape(len(indices), -1)
        return self._coarse.decode(indices[:, :levels] + 1) + self._unround(digits)

    def _round(self, projected: np.ndarray) -> np.ndarray:
        """Digits from 0, int64, of components; both ``[n, components]``."""
        scaled = projected / np.where(self._spread > 0, self._spread, 1)
        half = (self._sizes_of_digits - 1) / 2
        return np.rint(half * (np.tanh(scaled) + 1)).astype(np.int64)

    def _unround(self, digits: np.ndarray) -> np.ndarray:
        """The rest ``[n, width]`` that digits ``[n, components]`` stand for."""
        return self._values[np.arange(len(self._values)), digits] @ self._axes

    def _sizes(self) -> list[int]:
        rest = [math.prod(self._params.rest_levels)] * self._params.rest_positions
        return self._coarse._sizes() + rest

    def _state(self) -> dict[str, torch.Tensor]:
        own = {name: torch.from_numpy(getattr(self, f"_{name}")) for name in _OWN}
        return {**self._coarse.state(), **own}

    def _load(self, state: dict[str, torch.Tensor]) -> None:
        components = len(self._sizes_of_digits)
        shapes = {
            "axes": (components, self._width),
            "spread": (components,),
            "values": (components, self._sizes_of_digits.max()),
        }
        for name, shape in shapes.items():
            found = tuple(state[name].shape) if name in state else None
            if found != shape:
                raise ValueError(f"'{name}': expected shape {shape}, got {found}")
            setattr(self, f"_{name}", state[name].cpu().numpy().astype(np.float32))
        coarse = {name: x for name, x in state.items() if name not in shapes}
        self._coarse.load_state(coarse)
