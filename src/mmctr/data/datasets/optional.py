"""What another pipeline, or this run's hooks, may have left: read where it is there."""

import logging
from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError

from mmctr.data.datasets.atomic import AtomicDataset

logger = logging.getLogger(__name__)


class OptionalDataset(AbstractDataset[NoReturn, Any]):
    """Read a file with another dataset, and give None where there is none.

    Kedro asks for a node's inputs whether they are needed or not; this makes one that
    the node can do without. Another entry of the catalogue writes the file.

    Example:
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
            dataset: The wrapped dataset: its type, or its catalogue entry without
                ``filepath``.
            filepath: Where the file may lie on this machine.
            followed: Whether what was made from it is stale once the file is another,
                or is there at last. Not for files that change in every run; one of
                those that can't be read is told of, and taken for none.
            metadata: For plugins such as kedro-viz; not used here.
        """
        self._path = Path(filepath)
        self._followed = followed
        self.metadata = metadata
        self._dataset = AtomicDataset(dataset=dataset, filepath=filepath)
        if hasattr(self._dataset, "preview"):
            self.preview = self._dataset.preview

    def load(self) -> Any:
        """Load with the wrapped dataset; None where there is no file.

        Raises:
            DatasetError: If it can't be read, and is followed.
        """
        if not self._path.exists():
            return None
        try:
            return self._dataset.load()
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

    def _exists(self) -> bool:
        return self._path.exists()

    def _release(self) -> None:
        self._dataset.release()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._path.as_posix()}
