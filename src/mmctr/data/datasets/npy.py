"""Arrays in NumPy's own file format."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview


class NpyDataset(AbstractDataset[np.ndarray, np.ndarray]):
    """One array in one ``.npy`` file, loaded as a read-only memory map."""

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        """Point at a file.

        Args:
            filepath: Where the file lies on this machine.
            metadata: For plugins such as kedro-viz; not used here.
        """
        self._path = Path(filepath)
        self.metadata = metadata

    def load(self) -> np.ndarray:
        """Map the array read-only.

        Raises:
            ValueError: If the file is cut short or is no npy file.
        """
        try:
            if _is_empty(self._path):
                empty = np.load(self._path, allow_pickle=False)
                empty.flags.writeable = False
                return empty
            return np.load(self._path, mmap_mode="r", allow_pickle=False)
        except OSError:
            raise
        except Exception as error:  # NumPy raises many kinds at damaged bytes
            raise ValueError(f"{self._path}: not a whole npy file ({error})") from error

    def save(self, data: np.ndarray) -> None:
        """Write the array, C-ordered, without pickling."""
        if not isinstance(data, np.ndarray):
            raise TypeError(f"{self._path.name}: an array is wanted, got {type(data)}")
        self._path.parent.mkdir(parents=True, exist_ok=True)
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
            "first_rows": [_without_nan(row) for row in head] if array.ndim else [],
        }
        return JSONPreview(json.dumps(content, allow_nan=False))

    def _exists(self) -> bool:
        return self._path.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._path.as_posix()}


def _without_nan(row: np.ndarray) -> object:
    """Plain numbers; null where JSON has none."""
    if row.dtype.kind != "f":
        return row.tolist()
    return np.where(np.isfinite(row), row.astype(object), None).tolist()


def _is_empty(path: Path) -> bool:
    """Whether the array has no element: such a file cannot be mapped."""
    with path.open("rb") as file:
        major, _ = np.lib.format.read_magic(file)
        read = {
            1: np.lib.format.read_array_header_1_0,
            2: np.lib.format.read_array_header_2_0,
        }.get(major)
        if read is None:
            raise ValueError(f"npy format version {major} is not supported")
        shape, _, _ = read(file)
    return 0 in shape
