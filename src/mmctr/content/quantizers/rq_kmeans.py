"""Residual k-means: deterministic, no training loop, one codebook per level.

The quantiser of OneRec and QARM (arXiv 2411.11739): level l holds the k-means centroids
of what levels 1..l-1 left over, and an item is the sum of one centroid per level.
"""

import numpy as np

from mmctr.content.quantizers.checks import ENCODED_ROWS, row_chunks
from mmctr.content.quantizers.kmeans import (
    CentroidQuantizer,
    fit_centroids,
    nearest_centroids,
)
from mmctr.content.quantizers.method_params import RQKMeansParams
from mmctr.content.quantizers.protocol import FitReport
from mmctr.runtime.progress import track


class RQKMeans(CentroidQuantizer[RQKMeansParams]):
    """Greedy residual quantisation with a faiss k-means per level.

    A level keeps the centroids that some item is nearest to: fewer than
    ``codebook_size`` where there are fewer items or many coincide. The rest of its
    codes are never used and count as dead. Every item takes part in every k-means, none
    is sampled away. The same seed and vectors give the same codes on one machine.

    Shapes: vectors ``[n, width]`` float32, codes ``[n, levels]`` int32 in
    1..codebook_size.
    """

    def _fit(self, vectors: np.ndarray) -> FitReport:
        residual = vectors.copy()
        codebooks = []
        levels = range(self.positions)
        for level in track(
            levels, "rq_kmeans, fit", len(levels), show=self._show_progress
        ):
            centroids, nearest = fit_centroids(
                residual,
                size=self.codebook_size,
                iterations=self._params.iterations,
                seed=self._seed + level,
            )
            codebooks.append(centroids)
            for start, rows in row_chunks(nearest, ENCODED_ROWS):
                residual[start : start + len(rows)] -= centroids[rows]
        self._codebooks = codebooks
        error = float(np.mean(np.square(residual), dtype=np.float64))
        return FitReport(steps=self.positions, reconstruction=error)

    def _encode(self, vectors: np.ndarray, indices: np.ndarray) -> None:
        for start, rows in row_chunks(vectors, ENCODED_ROWS):
            residual = rows.copy()
            for level, centroids in enumerate(self._codebooks):
                nearest = nearest_centroids(residual, centroids)
                indices[start : start + len(rows), level] = nearest
                residual -= centroids[nearest]

    def _decode(self, indices: np.ndarray) -> np.ndarray:
        decoded = np.zeros((len(indices), self._width), dtype=np.float32)
        for level, centroids in enumerate(self._codebooks):
            decoded += centroids[indices[:, level]]
        return decoded

    @property
    def _centroid_width(self) -> int:
        return self._width
