"""Arrays in NumPy's own file format."""

import json

import numpy as np
from kedro_datasets._typing import JSONPreview

from mmctr.data.datasets.json_file import null_not_finite
from mmctr.data.datasets.local_file import LocalFileDataset

# Bytes; headers of arrays of few dimensions are far shorter.
_HEADER = 4096


class NpyDataset(LocalFileDataset[np.ndarray, np.ndarray]):
    """One array in one ``.npy`` file, loaded as a read-only memory map."""

    def load(self) -> np.ndarray:
        """Map the array read-only.

        Raises:
            ValueError: If the file is cut short or is no npy file.
        """
        return self._read_whole(self._map, "a whole npy file")

    def _map(self) -> np.ndarray:
        try:
            return np.load(self._path, mmap_mode="r", allow_pickle=False)
        except ValueError:
            # An array without elements can't be mapped; its file is a header.
            if self._path.stat().st_size > _HEADER:
                raise
            array = np.load(self._path, allow_pickle=False)
            if array.size:
                raise
            array.flags.writeable = False
            return array

    def save(self, data: np.ndarray) -> None:
        """Write the array, C-ordered, without pickling."""
        self._prepare_save(data, np.ndarray, "an array")
        with self._path.open("wb") as file:
            np.save(file, np.asarray(data, order="C"), allow_pickle=False)

    def preview(self, rows: int = 3) -> JSONPreview:
        """Shape, dtype and the first rows, for kedro-viz."""
        array = self.load()
        head = array[:rows] if array.ndim else array
        head = head[..., :8] if array.ndim > 1 else head
        content = {
            "shape": list(array.shape),
            "dtype": str(array.dtype),
            "first_rows": null_not_finite(head.tolist()) if array.ndim else [],
        }
        return JSONPreview(json.dumps(content, allow_nan=False))
