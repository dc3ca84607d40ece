"""What the datasets of one file on this machine share."""

from collections.abc import Callable
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

from kedro.io import AbstractDataset

Saved = TypeVar("Saved")
Loaded = TypeVar("Loaded")


class LocalFileDataset(AbstractDataset[Saved, Loaded]):
    """One file; wrap :class:`mmctr.data.datasets.AtomicDataset` around it."""

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

    def _read_whole(self, read: Callable[[], Loaded], what: str) -> Loaded:
        """Call a reader and name the file if it is damaged or not ``what``."""
        try:
            return read()
        except (FileNotFoundError, PermissionError):
            raise
        except Exception as error:  # readers raise many kinds at damaged bytes
            raise ValueError(f"{self._path}: not {what} ({error})") from error

    def _prepare_save(self, data: Any, kind: type | UnionType, what: str) -> None:
        """Refuse data of another type, and create the folder."""
        if not isinstance(data, kind):
            raise TypeError(f"{self._path.name}: expected {what}, got {type(data)}")
        self._path.parent.mkdir(parents=True, exist_ok=True)

    def _exists(self) -> bool:
        return self._path.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._path.as_posix()}
