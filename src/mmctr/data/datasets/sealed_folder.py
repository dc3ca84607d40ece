"""A folder of files of several kinds with a manifest of hashes, saved as a whole."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro_datasets._typing import JSONPreview

from mmctr.data.datasets.atomic import AtomicDataset
from mmctr.runtime.atomic import atomic_folder
from mmctr.runtime.sealed_folder import write_sealed


class SealedFolderDataset(AtomicDataset):
    """Files by their relative path, of the kind that each suffix says.

    The folder is written beside the earlier one, its manifest last, and renamed over
    it.

    Examples:
        >>> SealedFolderDataset(filepath="bundle", shown="bundle.json").save(
        ...     {"bundle.json": {"format": 1}, "vectors/title.npy": np.zeros((2, 3))}
        ... )
    """

    def __init__(
        self, *, filepath: str, shown: str, metadata: dict[str, Any] | None = None
    ) -> None:
        """Name the folder.

        Args:
            filepath: The folder, on this machine.
            shown: The JSON file in it that previews show.
            metadata: For plugins such as kedro-viz; not used here.
        """
        self._shown = shown
        super().__init__(
            dataset="mmctr.data.datasets.JsonDataset",
            filepath=filepath,
            metadata=metadata,
        )

    @property
    def preview(self) -> Any:
        """What one of the files holds."""

        def preview_if_there() -> JSONPreview:
            path = self._path / self._shown
            return JSONPreview(path.read_text("utf-8")) if path.exists() else None

        return preview_if_there

    def load(self) -> Path:
        """Give the folder, which its readers open themselves.

        Raises:
            FileNotFoundError: If there is no such folder yet.
        """
        if not self._path.is_dir():
            raise FileNotFoundError(
                f"{self._path} does not exist; run the pipeline that writes it first"
            )
        return self._path

    def save(self, data: Mapping[str, Any]) -> None:
        """Save to a hidden sibling, flush it, then rename it over the folder.

        Raises:
            DatasetError: If the disk is full, read-only, or the like; it names the
                folder and what to do. The earlier folder is unchanged.
        """
        with self._explained(), atomic_folder(self._path) as part:
            write_sealed(part, data)
        self._is_stale = False

    def _exists(self) -> bool:
        return not self._is_stale and self._path.exists()
