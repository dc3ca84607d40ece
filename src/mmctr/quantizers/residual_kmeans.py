"""Residual k-means: deterministic, no training loop, one codebook per level.

The quantiser of OneRec and QARM (arXiv 2411.11739): level l holds the k-means centroids
of what levels 1..l-1 left over, and an item is the sum of one centroid per level.
"""

from typing import Any

import numpy as np
import torch

from mmctr.quantizers.checks import check_codes, check_vectors, row_chunks
from mmctr.quantizers.kmeans import (
    centroids_from_state,
    centroids_to_state,
    fit_centroids,
    nearest_centroids,
)
from mmctr.quantizers.params import ResidualKMeansParams
from mmctr.quantizers.protocol import FitReport

_ROWS = 65_536


class ResidualKMeans:
    """Greedy residual quantisation with a faiss k-means per level.

    A level keeps the centroids that some item is nearest to: fewer than
    ``codebook_size`` where there are fewer items or many coincide. The rest of its
    codes are never used and count as dead. Every item takes part in every k-means, none
    is sampled away. The same seed and vectors give the same codes on one machine.

    Shapes: vectors ``[n, width]`` float32, codes ``[n, levels]`` int32 in
    1..codebook_size.
    """

    shared_codebook = False

    def __init__(self, params: ResidualKMeansParams, *, width: int, seed: int) -> None:
        """Set up an unfitted quantiser.

        Args:
            params: Levels, codebook size, iterations.
            width: Width of the vectors, at least 1.
            seed: Seed of the initial centroids.
        """
        self._params = params
        self._width = width
        self._seed = seed
        self._levels: list[np.ndarray] = []

    @property
    def positions(self) -> int:
        """Codes per item."""
        return self._params.levels

    @property
    def codebook_size(self) -> int:
        """Most centroids per level."""
        return self._params.codebook_size

    def fit(self, vectors: np.ndarray) -> FitReport:
        """Find the centroids level by level.

        Args:
            vectors: ``[n, width]`` float32.

        Returns:
            Levels fitted, and the mean squared error left after the last.

        Raises:
            ValueError: If the shape is wrong or a value is not finite.
        """
        residual = check_vectors(vectors, self._width).copy()
        self._levels = []
        for level in range(self.positions):
            centroids, nearest = fit_centroids(
                residual,
                size=self.codebook_size,
                iterations=self._params.iterations,
                seed=self._seed + level,
            )
            self._levels.append(centroids)
            for start, rows in row_chunks(nearest, _ROWS):
                residual[start : start + len(rows)] -= centroids[rows]
        error = float(np.mean(np.square(residual), dtype=np.float64))
        return FitReport(steps=self.positions, reconstruction=error)

    def encode(self, vectors: np.ndarray) -> np.ndarray:
        """Take the nearest centroid of each level in turn.

        Args:
            vectors: ``[n, width]`` float32.

        Returns:
            ``[n, levels]`` int32, 1..codebook_size.

        Raises:
            ValueError: If the quantiser is not fitted, the shape is wrong or a value is
                not finite.
        """
        self._require_fit()
        vectors = check_vectors(vectors, self._width)
        codes = np.empty((len(vectors), self.positions), dtype=np.int32)
        for start, rows in row_chunks(vectors, _ROWS):
            residual = rows.copy()
            for level, centroids in enumerate(self._levels):
                nearest = nearest_centroids(residual, centroids)
                codes[start : start + len(rows), level] = nearest + 1
                residual -= centroids[nearest]
        return codes

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Sum one centroid per level.

        Args:
            codes: ``[n, levels]`` integers.

        Returns:
            ``[n, width]`` float32.

        Raises:
            ValueError: If the quantiser is not fitted or a code has no centroid.
        """
        self._require_fit()
        sizes = [len(centroids) for centroids in self._levels]
        indices = check_codes(codes, self.positions, sizes)
        decoded = np.zeros((len(indices), self._width), dtype=np.float32)
        for level, centroids in enumerate(self._levels):
            decoded += centroids[indices[:, level]]
        return decoded

    def settings(self) -> dict[str, Any]:
        """Method, width, seed and parameters."""
        return {
            "method": "residual_kmeans",
            "width": self._width,
            "seed": self._seed,
            "params": self._params.model_dump(),
        }

    def state(self) -> dict[str, torch.Tensor]:
        """Centroids of each level, ``[at most codebook_size, width]`` float32."""
        self._require_fit()
        return centroids_to_state(self._levels)

    def load_state(self, state: dict[str, torch.Tensor]) -> None:
        """Take over what :meth:`state` gave.

        Args:
            state: The centroids of each level.

        Raises:
            ValueError: If a level is missing, one too many, or of another shape.
        """
        self._levels = centroids_from_state(
            state, count=self.positions, size=self.codebook_size, width=self._width
        )

    def _require_fit(self) -> None:
        if not self._levels:
            raise ValueError("residual k-means is not fitted; call fit or load_state")
