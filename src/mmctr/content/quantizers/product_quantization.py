"""Product quantisation (Jegou et al., 2011): a codebook per slice of the vector."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from mmctr.content.quantizers.checks import ENCODED_ROWS, row_chunks
from mmctr.content.quantizers.kmeans import (
    CentroidQuantizer,
    fit_centroids,
    nearest_centroids,
)
from mmctr.content.quantizers.method_params import PQParams
from mmctr.content.quantizers.protocol import FitReport
from mmctr.runtime.progress import track


class ProductQuantizer(CentroidQuantizer[PQParams]):
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

    def __init__(self, params: PQParams, *, width: int, **frame: Any) -> None:
        """Set up an unfitted quantiser.

        Args:
            params: Positions, codebook size, iterations.
            width: Width of the vectors, a multiple of the positions.
            frame: As :class:`~mmctr.content.quantizers.base.BaseQuantizer` takes it.

        Raises:
            ValueError: If the width is no multiple of the positions.
        """
        if width % params.positions:
            raise ValueError(
                f"vectors of width {width} cannot be cut into {params.positions} equal "
                "slices; set pq.positions to a divisor of the width"
            )
        super().__init__(params, width=width, **frame)

    def _fit(self, vectors: np.ndarray) -> FitReport:
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

    def _encode(self, vectors: np.ndarray, indices: np.ndarray) -> None:
        for position in self._track(range(self.positions), "pq, encode"):
            centroids = self._codebooks[position]
            for start, rows in row_chunks(self._slice(vectors, position), ENCODED_ROWS):
                nearest = nearest_centroids(rows, centroids)
                indices[start : start + len(rows), position] = nearest

    def _decode(self, indices: np.ndarray) -> np.ndarray:
        decoded = np.empty(
            (len(indices), self.positions, self._centroid_width), dtype=np.float32
        )
        for position, centroids in enumerate(self._codebooks):
            decoded[:, position] = centroids[indices[:, position]]
        return decoded.reshape(len(indices), self._width)

    @property
    def _centroid_width(self) -> int:
        return self._width // self.positions

    def _slice(self, vectors: np.ndarray, position: int) -> np.ndarray:
        start = position * self._centroid_width
        return np.ascontiguousarray(vectors[:, start : start + self._centroid_width])

    def _track(self, positions: range, label: str) -> Iterator[int]:
        return track(positions, label, len(positions), show=self._show_progress)
