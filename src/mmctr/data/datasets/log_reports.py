"""A report that every data set has, read by the name of the data set."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview

from mmctr.data.datasets.atomic import AtomicDataset


@dataclass(frozen=True)
class LogReports:
    """The JSON files of one name in the folders of all data sets."""

    folder: Path
    """Holds one folder per data set."""
    file: str
    """Name of the file in each."""

    def __contains__(self, dataset: str) -> bool:
        """Whether a data set has the file."""
        return self.path(dataset).exists()

    def path(self, dataset: str) -> Path:
        """Where the file of a data set lies, or would lie."""
        return self.folder / dataset / self.file

    def load(self, dataset: str) -> Any:
        """Read the file of a data set.

        Raises:
            DatasetError: If it does not exist or is damaged, naming it.
        """
        path = self.path(dataset).as_posix()
        kind = "mmctr.data.datasets.JsonDataset"
        return AtomicDataset(dataset=kind, filepath=path).load()

    def names(self) -> list[str]:
        """The data sets that have the file, sorted."""
        return sorted(path.parent.name for path in self.folder.glob(f"*/{self.file}"))


class LogReportsDataset(AbstractDataset[NoReturn, LogReports]):
    """A folder that loads as :class:`LogReports`; other entries write the files.

    Examples:
        >>> LogReportsDataset(path="data/08_reporting", file="metrics.json").load()
    """

    def __init__(
        self, *, path: str, file: str, metadata: dict[str, Any] | None = None
    ) -> None:
        """Describe the files.

        Args:
            path: Folder that holds one folder per data set.
            file: Name of the file in each.
            metadata: For plugins such as kedro-viz; not used here.
        """
        self._reports = LogReports(Path(path), file)
        self.metadata = metadata

    def load(self) -> LogReports:
        """The files, to be read by name."""
        return self._reports

    def save(self, data: NoReturn) -> None:
        """Refuse.

        Raises:
            DatasetError: Always.
        """
        raise DatasetError(f"{self._reports.folder}/*/{self._reports.file}: only read")

    def files(self) -> dict[str, Path]:
        """The files that are there; results are stale once one of them changes."""
        reports = self._reports
        return {name: reports.path(name) for name in reports.names()}

    def preview(self) -> TablePreview:
        """The data sets that have the file, for kedro-viz."""
        names = pd.DataFrame({"data set": self._reports.names()})
        return TablePreview(names.to_dict(orient="split"))

    def _describe(self) -> dict[str, Any]:
        path = self._reports.folder / "*" / self._reports.file
        return {"filepath": path.as_posix()}
