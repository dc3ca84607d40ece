"""The folder with the runs of a data set."""

from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview

from mmctr.data.run_history import RunHistory


class RunHistoryDataset(AbstractDataset[NoReturn, RunHistory]):
    """A folder that loads as a :class:`~mmctr.data.run_history.RunHistory`.

    It changes in every run, so results made from it are not stale when it does. A hook
    adds to it.

    Example:
        >>> RunHistoryDataset(path="data/08_reporting/sample/history").load().runs()
        []
    """

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        """Name the folder.

        Args:
            path: The folder, on this machine; made with the first run.
            metadata: For plugins such as kedro-viz; not used here.
        """
        self._history = RunHistory(Path(path))
        self.metadata = metadata

    def load(self) -> RunHistory:
        """Give the history; a folder that is not there yet is an empty one."""
        return self._history

    def save(self, data: NoReturn) -> None:
        """Refuse.

        Raises:
            DatasetError: Always.
        """
        raise DatasetError(f"{self._history.folder} is only read here")

    def preview(self) -> TablePreview:
        """A row per run, for kedro-viz."""
        columns = ["number", "at", "model", "gauc", "auc", "logloss", "seconds"]
        rows = [{**run.metrics, **run.model_dump()} for run in self._history.runs()]
        frame = pd.DataFrame(rows, columns=columns, dtype=object)
        return TablePreview(frame.to_dict(orient="split"))

    def _exists(self) -> bool:
        return self._history.folder.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._history.folder.as_posix()}
