"""Vectors that were made elsewhere, one row per item."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmctr.content.embedders.params import PrecomputedParams
from mmctr.content.embedders.protocol import EmbedderContext, EmbeddingUsage
from mmctr.runtime.hashing import file_fingerprint


class PrecomputedVectors:
    """A ready ``.npy`` matrix whose row i belongs to item i.

    It opens its file itself, the one exception to "nodes read no files"; its version
    holds a hash of the content.
    """

    depends_on = "row"

    def __init__(self, params: PrecomputedParams, context: EmbedderContext) -> None:
        """Find the file.

        Args:
            params: Where it lies, and perhaps how wide it must be.
            context: Not used.

        Raises:
            ValueError: If there is no such file.
        """
        self._params = params
        self._path = Path(params.path or "").expanduser()
        if not self._path.is_file():
            raise ValueError(
                f"embedding.precomputed.path: {self._path} is not a file; name a .npy "
                "file with one row per item"
            )

    def embed(self, texts: Sequence[str]) -> tuple[np.ndarray, EmbeddingUsage]:
        """Read the matrix and check it.

        Args:
            texts: The title of every item; only their number matters.

        Returns:
            Vectors ``[n_items, d]`` float32, as they are in the file, and an empty
            usage.

        Raises:
            ValueError: If the file is no matrix of floats, or has the wrong number of
                rows or columns.
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
        if rows != len(texts):
            raise ValueError(
                f"{self._path} has {rows} rows but there are {len(texts)} items: row i "
                "must belong to row i of items"
            )
        expected = self._params.dimensions
        if width == 0 or expected not in (None, width):
            raise ValueError(
                f"{self._path} is {width} wide, embedding.precomputed.dimensions is "
                f"{expected}: correct the one that is wrong"
            )
        return np.array(stored, dtype=np.float32), EmbeddingUsage()

    def version(self) -> str:
        """Name the file and its content."""
        return f"precomputed/{self._path.name}/sha256-{file_fingerprint(self._path)}"
