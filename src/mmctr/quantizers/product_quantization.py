"""Product quantisation (Jegou et al., 2011): a codebook per slice of the vector."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from mmctr.progress import track
from mmctr.quantizers.checks import check_codes, check_vectors, row_chunks
from mmctr.quantizers.kmeans import (
    centroids_from_state,
    centroids_to_state,
    fit_centroids,
    nearest_centroids,
)
from mmctr.quantizers.params import PQParams
from mmctr.quantizers.protocol import FitReport

_ROWS = 65_536


class ProductQuantizer:
    """A faiss k-means on each of ``positions`` slices of equal width.

    Position p reads values ``p * width / positions`` up to the next slice, and a
    vector's decoding is its nearest centroids side by side. Unlike
    ``faiss.ProductQuantizer``, a codebook may have any size, codes are never
    bit-packed, and a slice keeps only the centroids that some item is nearest to: fewer
    than ``codebook_size`` where there are fewer items or many coincide; the rest of its
    codes are never used and count as dead. Every item takes part in every k-means, none
    is sampled away. The same seed and vectors give the same codes on one machine.

    Shapes: vectors ``[n, width]`` float32, codes ``[n, positions]`` int32 in
    1..codebook_size.
    """

    shared_codebook = False

    def __init__(
        self, params: PQParams, *, width: int, seed: int, show_progress: bool = False
    ) -> None:
        """Set up an unfitted quantiser.

        Args:
            params: Positions, codebook size, iterations.
            width: Width of the vectors, a multiple of the positions.
            seed: Seed of the initial centroids.
            show_progress: Whether bars are drawn on stderr.

        Raises:
            ValueError: If the width is no multiple of the positions.
        """
        if width % params.positions:
            raise ValueError(
                f"vectors of width {width} cannot be cut into {params.positions} equal "
                "slices; set pq.positions to a divisor of the width"
            )
        self._params = params
        self._width = width
        self._seed = seed
        self._show_progress = show_progress
        self._codebooks: list[np.ndarray] = []

    @property
    def positions(self) -> int:
        """Codes per item."""
        return self._params.positions

    @property
    def codebook_size(self) -> int:
        """Most centroids per position."""
        return self._params.codebook_size

    def fit(self, vectors: np.ndarray) -> FitReport:
        """Find the centroids of each slice.

        Args:
            vectors: ``[n, width]`` float32.

        Returns:
            Positions fitted, and the mean squared error of the decoded vectors.

        Raises:
            ValueError: If the shape is wrong or a value is not finite.
        """
        vectors = check_vectors(vectors, self._width)
        codebooks = []
        error = 0.0
        for position in self._track(range(self.positions), "pq, fit"):
            rows = self._slice(vectors, position)
            centroids, nearest = fit_centroids(
                rows,
                size=self.codebook_size,
                iterations=self._params.iterations,
                seed=self._seed + position,
            )
            codebooks.append(centroids)
            lost = np.square(rows - centroids[nearest])
            error += float(lost.sum(dtype=np.float64))
        self._codebooks = codebooks
        return FitReport(steps=self.positions, reconstruction=error / vectors.size)

    def encode(self, vectors: np.ndarray) -> np.ndarray:
        """Take the nearest centroid of each slice.

        Args:
            vectors: ``[n, width]`` float32.

        Returns:
            ``[n, positions]`` int32, 1..codebook_size.

        Raises:
            ValueError: If the quantiser is not fitted, the shape is wrong or a value is
                not finite.
        """
        self._require_fit()
        vectors = check_vectors(vectors, self._width)
        codes = np.empty((len(vectors), self.positions), dtype=np.int32)
        for position in self._track(range(self.positions), "pq, encode"):
            centroids = self._codebooks[position]
            for start, rows in row_chunks(self._slice(vectors, position), _ROWS):
                nearest = nearest_centroids(rows, centroids)
                codes[start : start + len(rows), position] = nearest + 1
        return codes

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Put one centroid per position side by side.

        Args:
            codes: ``[n, positions]`` integers.

        Returns:
            ``[n, width]`` float32.

        Raises:
            ValueError: If the quantiser is not fitted or a code has no centroid.
        """
        self._require_fit()
        sizes = [len(centroids) for centroids in self._codebooks]
        indices = check_codes(codes, self.positions, sizes)
        decoded = np.empty(
            (len(indices), self.positions, self._slice_width), dtype=np.float32
        )
        for position, centroids in enumerate(self._codebooks):
            decoded[:, position] = centroids[indices[:, position]]
        return decoded.reshape(len(indices), self._width)

    def settings(self) -> dict[str, Any]:
        """Method, width, seed and parameters."""
        return {
            "method": "pq",
            "width": self._width,
            "seed": self._seed,
            "params": self._params.model_dump(),
        }

    def state(self) -> dict[str, torch.Tensor]:
        """Centroids per position, ``[<= codebook_size, width / positions]`` float32."""
        self._require_fit()
        return centroids_to_state(self._codebooks)

    def load_state(self, state: dict[str, torch.Tensor]) -> None:
        """Take over what :meth:`state` gave.

        Args:
            state: The centroids of each position.

        Raises:
            ValueError: If a position is missing, one too many, or of another shape.
        """
        self._codebooks = centroids_from_state(
            state,
            count=self.positions,
            size=self.codebook_size,
            width=self._slice_width,
        )

    @property
    def _slice_width(self) -> int:
        return self._width // self.positions

    def _slice(self, vectors: np.ndarray, position: int) -> np.ndarray:
        start = position * self._slice_width
        return np.ascontiguousarray(vectors[:, start : start + self._slice_width])

    def _track(self, positions: range, label: str) -> Iterator[int]:
        return track(positions, label, len(positions), show=self._show_progress)

    def _require_fit(self) -> None:
        if not self._codebooks:
            raise ValueError(
                "the product quantizer is not fitted; call fit or load_state"
            )
