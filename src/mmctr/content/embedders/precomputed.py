"""Vectors that were made elsewhere, one row an item."""

from pathlib import Path

import numpy as np

from mmctr.content.embedders.params import PrecomputedParams
from mmctr.runtime.fingerprint import file_fingerprint

_ROWS_PER_CHECK = 8192


class PrecomputedVectors:
    """A ready ``.npy`` matrix whose row i belongs to item i.

    No :class:`~mmctr.content.embedders.protocol.Embedder`: it knows items, not texts.
    It opens its file itself, the one exception to "nodes read no files"; its version
    holds a hash of the content.
    """

    def __init__(self, params: PrecomputedParams) -> None:
        """Find the file.

        Args:
            params: Where it lies, and perhaps how wide it must be.

        Raises:
            ValueError: If there is no such file.
        """
        self._params = params
        self._path = Path(params.path or "").expanduser()
        if not self._path.is_file():
            raise ValueError(
                f"embedding.precomputed.path: {self._path} is no file; name a .npy "
                "file with one row an item"
            )

    def load(self, n_items: int) -> np.ndarray:
        """Read the matrix and check it.

        Args:
            n_items: Rows it must have.

        Returns:
            Vectors ``[n_items, d]`` float32, as they are in the file.

        Raises:
            ValueError: If the file is no matrix of finite floats, or has other rows or
                another width than it must.
        """
        try:
            stored = np.load(self._path, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError, EOFError) as error:
            raise ValueError(
                f"{self._path} is no readable .npy file ({error}): write it with "
                "numpy.save"
            ) from error
        if not isinstance(stored, np.ndarray) or stored.ndim != 2:
            raise ValueError(f"{self._path} must hold one matrix [n_items, d]")
        if not np.issubdtype(stored.dtype, np.floating):
            raise ValueError(f"{self._path} holds {stored.dtype}, not floats")
        rows, width = stored.shape
        if rows != n_items:
            raise ValueError(
                f"{self._path} has {rows} rows but there are {n_items} items: row i "
                "must belong to row i of items"
            )
        wanted = self._params.dimensions
        if width == 0 or wanted not in (None, width):
            raise ValueError(
                f"{self._path} is {width} wide, embedding.precomputed.dimensions is "
                f"{wanted}: correct the one that is wrong"
            )
        vectors = np.empty((rows, width), dtype=np.float32)
        for start in range(0, rows, _ROWS_PER_CHECK):
            part = slice(start, start + _ROWS_PER_CHECK)
            vectors[part] = stored[part]
        return vectors

    def version(self) -> str:
        """Name the file and its content."""
        return f"precomputed/{self._path.name}/sha256-{file_fingerprint(self._path)}"
