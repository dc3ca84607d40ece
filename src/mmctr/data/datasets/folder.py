"""A folder of one file per name, saved entirely or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import JSONPreview

from mmctr.data.datasets.atomic import AtomicDataset
from mmctr.runtime.atomic import atomic_folder

INDEX = "index.json"
"""File of a folder that names the others in their order, without suffix."""


class FolderDataset(AtomicDataset):
    """A dictionary by name, such as that of a modality; a file each, of one kind.

    The folder is written beside the earlier one and renamed over it, so files of two
    saves are never mixed. ``index.json`` holds the names in their order.

    Examples:
        >>> FolderDataset(
        ...     dataset="mmctr.data.datasets.NpyDataset",
        ...     suffix=".npy",
        ...     filepath="vectors",
        ... ).save({"title": np.zeros((2, 3)), "image": np.zeros((2, 0))})
    """

    def __init__(
        self,
        *,
        dataset: str | dict[str, Any],
        suffix: str,
        filepath: str,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Wrap a dataset definition.

        Args:
            dataset: That of each file: its type, or its catalog entry without
                ``filepath``.
            suffix: Ending of the files' names, with the dot.
            filepath: The folder, on this machine.
            metadata: For plugins such as kedro-viz; not used here.
        """
        self._suffix = suffix
        super().__init__(dataset=dataset, filepath=filepath, metadata=metadata)

    @property
    def preview(self) -> Any:
        """The files' previews by name; there is none if their kind has none."""
        _ = self._file_of(self._path, "any").preview  # AttributeError without

        def preview_all(**options: Any) -> JSONPreview:
            shown = {
                name: json.loads(self._file_of(self._path, name).preview(**options))
                for name in self._names()
            }
            return JSONPreview(json.dumps(shown))

        def preview_if_there(**options: Any) -> JSONPreview:
            return preview_all(**options) if self._path.exists() else None

        return preview_if_there

    def load(self) -> dict[str, Any]:
        """Load every file; arrays are memory maps.

        Raises:
            FileNotFoundError: If there is no such folder yet.
            DatasetError: If it is a link, a file is missing, or one can't be read; it
                names the file and what to do.
        """
        if not self._path.exists() or self._path.is_symlink():
            return super().load()
        file = self._path / INDEX
        loaded = {}
        try:
            for name in self._names():
                file = self._path / f"{name}{self._suffix}"
                if file.is_symlink():
                    raise DatasetError("it is a link, which is not followed")
                loaded[name] = self._file_of(self._path, name).load()
        except Exception as error:  # readers raise anything at damaged bytes
            raise DatasetError(f"{file} {self._reading(error)}") from error
        return loaded

    def save(self, data: Mapping[str, Any]) -> None:
        """Save to a hidden sibling, flush it, then rename it over the folder.

        Raises:
            DatasetError: If the disk is full, read-only, or the like; it names the
                folder and what to do. The earlier folder is unchanged.
        """
        with self._explained(), atomic_folder(self._path) as part:
            for name, content in data.items():
                self._file_of(part, name).save(content)
            (part / INDEX).write_text(json.dumps(list(data)))
        self._is_stale = False

    def _names(self) -> list[str]:
        names = json.loads((self._path / INDEX).read_text())
        if not isinstance(names, list) or not all(
            isinstance(name, str) and Path(name).name == name for name in names
        ):
            raise ValueError("expected a list of names")
        return names

    def _file_of(self, folder: Path, name: str) -> AbstractDataset[Any, Any]:
        return self._at(folder / f"{name}{self._suffix}")

    def _exists(self) -> bool:
        return not self._is_stale and self._path.exists()
