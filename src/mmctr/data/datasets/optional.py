"""A file that another pipeline, or this run's hooks, may have written."""

import logging
from pathlib import Path
from typing import Any, NoReturn

from kedro.io import DatasetError

from mmctr.data.datasets.atomic import AtomicDataset

logger = logging.getLogger(__name__)


class OptionalDataset(AtomicDataset):
    """Read a file with another dataset, and give None if it does not exist.

    Kedro loads all inputs of a node; with this dataset the node can do without one.
    Another entry of the catalog writes the file.

    Examples:
        >>> OptionalDataset(
        ...     dataset="mmctr.data.datasets.JsonDataset", filepath="none.json"
        ... ).load()
    """

    def __init__(
        self,
        *,
        dataset: str | dict[str, Any],
        filepath: str,
        followed: bool = True,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Wrap a dataset definition.

        Args:
            dataset: The wrapped dataset: its type, or its catalog entry without
                ``filepath``.
            filepath: Where the file may lie on this machine.
            followed: Whether results made from it are stale once the file changes or
                appears. False for files that change in every run; if one of those
                can't be read, the error is logged and the file treated as missing.
            metadata: For plugins such as kedro-viz; not used here.
        """
        super().__init__(dataset=dataset, filepath=filepath, metadata=metadata)
        self._followed = followed

    def load(self) -> Any:
        """Load with the wrapped dataset; None if there is no file.

        Raises:
            DatasetError: If it can't be read, and is followed.
        """
        if not self._path.exists():
            return None
        try:
            return super().load()
        except DatasetError as error:
            if self._followed:
                raise
            logger.warning("%s", error)
            return None

    def save(self, data: NoReturn) -> NoReturn:
        """Refuse.

        Raises:
            DatasetError: Always.
        """
        raise DatasetError(f"{self._path} is only read here")

    def files(self) -> dict[str, Path]:
        """Name the file that decides what is stale, as sources do."""
        return {self._path.name: self._path} if self._followed else {}
