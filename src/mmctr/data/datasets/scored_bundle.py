"""A bundle that scores a log or is trained on, named on the command line."""

from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import JSONPreview

from mmctr.runtime.sealed_folder import MANIFEST


class BundleFolder(AbstractDataset[NoReturn, Path | None]):
    """The folder of a bundle, which is only read, by what is given its path.

    Examples:
        >>> BundleFolder(path="data/06_models/sample/bundle").load()
    """

    def __init__(
        self,
        *,
        path: str | None = None,
        optional: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Point at the folder.

        Args:
            path: A folder; None: none is named, which is an error only when it is
                loaded, and is not optional.
            optional: Whether its readers can do without.
            metadata: For plugins such as kedro-viz; not used here.
        """
        self._path = Path(path) if path else None
        self._optional = optional
        self.metadata = metadata

    def load(self) -> Path | None:
        """Give the folder; None where none is named and it is optional.

        Raises:
            DatasetError: If none is named and it is not optional.
        """
        if self._path is None and not self._optional:
            raise DatasetError(
                "no bundle is named that scores the log: --params bundle=DIR, such as "
                "data/06_models/sample/bundle, which a run writes"
            )
        return self._path

    def files(self) -> dict[str, Path]:
        """Its manifest, which has the hashes of all other files."""
        return {} if self._path is None else {MANIFEST: self._path / MANIFEST}

    def save(self, data: NoReturn) -> None:
        """Refuse.

        Raises:
            DatasetError: Always.
        """
        raise DatasetError(f"{self._path}: this bundle is only read")

    def preview(self) -> JSONPreview:
        """What the bundle says of itself, for kedro-viz."""
        facts = None if self._path is None else self._path / "bundle.json"
        there = facts is not None and facts.is_file()
        return JSONPreview(facts.read_text("utf-8") if there else "{}")

    def _exists(self) -> bool:
        return self._path is not None and self._path.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"path": None if self._path is None else self._path.as_posix()}
