"""Item vectors behind a learned projection: the control without codes."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from mmctr.ctr.model_params import ContinuousParams
from mmctr.runtime.linear import RowsLinear

FIT_ROWS = 50_000
"""Most items of train, evenly spaced, that the components are fitted on."""

_ROWS = 16_384


@dataclass(frozen=True)
class Projection:
    """What is fitted on the vectors: ``(x - mean) @ components.T * scale``.

    Attributes:
        mean: ``[d]`` float32.
        components: ``[w, d]`` float32; None leaves the d columns as they are.
        scale: ``[w]`` float32.
    """

    mean: np.ndarray
    components: np.ndarray | None
    scale: np.ndarray

    @classmethod
    def fit(
        cls, vectors: np.ndarray, seen: np.ndarray, params: ContinuousParams
    ) -> Self:
        """Fit mean, principal components and scale on the items of the training rows.

        Args:
            vectors: ``[n_items + 1, d]`` float32; zero rows have no vector.
            seen: ``[n_items + 1]`` bool.
            params: Components to keep, and how to normalise.

        Returns:
            The projection; components beyond what the items span are zero.
        """
        width = vectors.shape[1]
        kept = min(params.components or width, width)
        known = np.flatnonzero(seen)
        if len(known) > FIT_ROWS:
            known = known[np.linspace(0, len(known) - 1, FIT_ROWS).astype(int)]
        rows = np.asarray(vectors[known], np.float32)
        rows = rows[rows.any(axis=1)]
        components = np.zeros((kept, width), np.float32) if params.components else None
        scale = np.ones(kept, np.float32)
        if len(rows) < 2:
            return cls(np.zeros(width, np.float32), components, scale)
        mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        if components is None:
            deviation = rows.std(axis=0, dtype=np.float64)
        else:
            # scikit-learn takes a second to import.
            from sklearn.decomposition import PCA

            solver = PCA(min(kept, len(rows)), svd_solver="covariance_eigh")
            with _one_thread():
                found = solver.fit(rows)
            components[: found.n_components_] = found.components_
            deviation = np.zeros(kept)
            deviation[: found.n_components_] = np.sqrt(found.explained_variance_)
        if params.normalize == "columns":
            # Of length 1 in the mean, as rows are; rounding errors are no component.
            there = deviation > 1e-6 * deviation.max()
            lengths = np.where(there, deviation, np.inf) * np.sqrt(kept)
            scale = (1 / lengths).astype(np.float32)
        return cls(mean, components, scale)

    def transform(self, vectors: np.ndarray, params: ContinuousParams) -> np.ndarray:
        """Transform and normalise, some rows at a time.

        Returns:
            ``[n_items + 1, w]`` float32; zeros for items without a vector.
        """
        inputs = np.zeros((len(vectors), len(self.scale)), np.float32)
        for start in range(0, len(vectors), _ROWS):
            rows = np.asarray(vectors[start : start + _ROWS], np.float32)
            there = rows.any(axis=1, keepdims=True)
            rows = rows - self.mean
            if self.components is not None:
                with _one_thread():
                    rows = rows @ self.components.T
            rows *= self.scale
            if params.normalize == "rows":
                lengths = np.linalg.norm(rows, axis=1, keepdims=True)
                rows /= np.where(lengths > 0, lengths, 1)
            inputs[start : start + _ROWS] = rows * there
        return inputs


def _one_thread() -> threadpool_limits:
    """With more, NumPy and SciPy round otherwise. Libraries must be loaded before."""
    return threadpool_limits(limits=1, user_api="blas")


class ContinuousVector(nn.Module):
    """Principal components of an item's vector, normalised, and a learned projection.

    The projection is fitted once, on items of the training rows, and stored with the
    weights; loading weights restores it.

    Shapes: ``items [U]`` -> ``[U, D]``; zeros for an item without a vector.
    """

    def __init__(
        self, vectors: np.ndarray, seen: np.ndarray, dim: int, params: ContinuousParams
    ) -> None:
        """Fit, and transform unless weights will be loaded.

        Args:
            vectors: ``[n_items + 1, d]`` float32, row 0 zero; may be a memory map.
            seen: ``[n_items + 1]`` bool, the items of the training rows; all False
                where weights will be loaded.
            dim: Width of the projection, where the parameters have none.
            params: Components to keep, how to normalise, and the width.
        """
        super().__init__()
        self._vectors = vectors
        self._params = params
        fitted = Projection.fit(vectors, seen, params)
        for name, array in vars(fitted).items():
            tensor = None if array is None else torch.from_numpy(array)
            self.register_buffer(name, tensor)
        inputs = torch.zeros(len(vectors), len(fitted.scale))
        self.register_buffer("inputs", inputs, persistent=False)
        self.width = params.width or dim
        # Without a bias, so that zeros stay zeros.
        self.projection = RowsLinear(inputs.shape[1], self.width, bias=False)
        self.register_load_state_dict_post_hook(lambda own, _: own.refresh_inputs())
        if seen.any():
            self.refresh_inputs()

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        """Project the items' inputs."""
        return self.projection(self.inputs.index_select(0, items))

    @torch.no_grad()
    def refresh_inputs(self) -> None:
        """Transform the vectors by the projection that was fitted or loaded."""
        saved = (self.mean, self.components, self.scale)
        fitted = (None if x is None else x.float().cpu().numpy() for x in saved)
        inputs = Projection(*fitted).transform(self._vectors, self._params)
        self.inputs.copy_(torch.from_numpy(inputs))
