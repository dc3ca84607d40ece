"""Codebooks found by faiss's k-means: fitting, look-up, saving."""

from abc import abstractmethod

import faiss
import numpy as np
import torch

from mmctr.content.quantizers.base import BaseQuantizer, P


def fit_centroids(
    rows: np.ndarray, *, size: int, iterations: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Run Lloyd's k-means on every row and keep the centroids that are in use.

    Centroids of no row nearly coincide with others, and rounding would decide which of
    two is the nearest. The same seed and rows give the same centroids on one
    machine.

    Args:
        rows: ``[n, d]`` float32, C-ordered, n at least 1.
        size: Most centroids; fewer where there are fewer rows or many coincide.
        iterations: Lloyd iterations.
        seed: Seed of the initial centroids, at least 0.

    Returns:
        Centroids ``[at most size, d]`` float32, and the number of each row's nearest,
        int64 ``[n]``.
    """
    count, width = rows.shape
    kmeans = faiss.Kmeans(
        width,
        min(size, count),
        niter=iterations,
        # faiss reads the seed as a 32-bit signed integer.
        seed=seed % (2**31),
        # No row is left out, and few rows per centroid are no reason to warn.
        max_points_per_centroid=count,
        min_points_per_centroid=1,
    )
    kmeans.train(rows)
    nearest = nearest_centroids(rows, kmeans.centroids)
    used, nearest = np.unique(nearest, return_inverse=True)
    return kmeans.centroids[used], nearest


def nearest_centroids(rows: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """Find the nearest centroid of each row by Euclidean distance.

    Args:
        rows: ``[n, d]`` float32, C-ordered.
        centroids: ``[k, d]`` float32, C-ordered.

    Returns:
        Zero-based numbers, int64 ``[n]``.
    """
    index = faiss.IndexFlatL2(centroids.shape[1])
    index.add(centroids)
    return index.search(rows, 1)[1][:, 0]


class CentroidQuantizer(BaseQuantizer[P]):
    """A quantiser that is a list of centroids, one codebook per position."""

    _codebooks: list[np.ndarray]

    @property
    @abstractmethod
    def _centroid_width(self) -> int:
        """Width of a centroid."""

    def _sizes(self) -> list[int]:
        return [len(centroids) for centroids in self._codebooks]

    def _state(self) -> dict[str, torch.Tensor]:
        return {
            f"centroids_{number}": torch.from_numpy(centroids)
            for number, centroids in enumerate(self._codebooks)
        }

    def _load(self, state: dict[str, torch.Tensor]) -> None:
        names = [f"centroids_{number}" for number in range(self.positions)]
        if set(state) != set(names):
            missing = [name for name in names if name not in state]
            others = sorted(set(state) - set(names))
            raise ValueError(
                f"they lack {missing[:5]} and hold {others[:5]} beside the "
                f"{self.positions} expected codebooks"
            )
        codebooks = [state[name].cpu().numpy().astype(np.float32) for name in names]
        size, width = self.codebook_size, self._centroid_width
        for name, centroids in zip(names, codebooks, strict=True):
            rows, found = centroids.shape if centroids.ndim == 2 else (0, 0)
            if found != width or not 1 <= rows <= size:
                raise ValueError(
                    f"'{name}': expected shape [at most {size}, {width}], got "
                    f"{list(centroids.shape)}"
                )
        self._codebooks = codebooks
