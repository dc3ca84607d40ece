"""Saves that happen entirely or not at all."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from mmctr.runtime.atomic import atomic_path, remove_leftovers
from mmctr.runtime.file_errors import root_text, surroundings_problem


class AtomicDataset(AbstractDataset[Any, Any]):
    """Write another dataset of one file through a sibling and one rename.

    A process killed in the middle of a save leaves the earlier file as it was, so a
    file that exists is a file that is whole. Loading, existence and previews are the
    wrapped dataset's own.

    Examples:
        >>> AtomicDataset(
        ...     dataset={"type": "mmctr.data.datasets.JsonDataset"},
        ...     filepath="metrics.json",
        ... ).save({"auc": 0.7})
    """

    def __init__(
        self,
        *,
        dataset: str | dict[str, Any],
        filepath: str,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Wrap a dataset definition.

        Args:
            dataset: The wrapped dataset: its type, or its catalog entry without
                ``filepath``.
            filepath: Where the file lies on this machine.
            metadata: For plugins such as kedro-viz; not used here.
        """
        self._config = {"type": dataset} if isinstance(dataset, str) else dict(dataset)
        self._path = Path(filepath)
        self.metadata = metadata
        self._dataset = self._at(self._path)
        self._is_stale = False

    @property
    def preview(self) -> Callable[..., Any]:
        """The wrapped dataset's preview, if it has one; None while there is no file.

        kedro-viz asks for the previews of all files, and reads the return annotation.
        """
        preview = self._dataset.preview

        @functools.wraps(preview)
        def preview_if_there(**options: Any) -> Any:
            return preview(**options) if self._path.exists() else None

        return preview_if_there

    def _at(self, path: Path) -> AbstractDataset[Any, Any]:
        return AbstractDataset.from_config(
            str(self._path.name), {**self._config, "filepath": path.as_posix()}
        )

    def load(self) -> Any:
        """Load with the wrapped dataset.

        Raises:
            FileNotFoundError: If there is no such file yet.
            DatasetError: If it is a link, or can't be read; it names the file and what
                to do.
        """
        try:
            if self._path.is_symlink():
                raise DatasetError(
                    f"{self._path} is a link, which is not followed: put the file "
                    "itself there, or delete the link"
                )
            if not self._path.exists():
                raise FileNotFoundError(
                    f"{self._path} does not exist; run the pipeline that writes it "
                    "first"
                )
            return self._dataset.load()
        except FileNotFoundError:
            raise
        except Exception as error:  # readers raise anything at damaged bytes
            if isinstance(error, DatasetError) and error.__cause__ is None:
                raise
            raise DatasetError(f"{self._path} {self._reading(error)}") from error

    def _reading(self, error: Exception) -> str:
        problem = surroundings_problem(error, self._path)
        if problem is not None:
            return f"can't be read: {problem}"
        return (
            f"is damaged, or of another format: {root_text(error)}. Delete it and make "
            "it again: `kedro run --only-missing-outputs`, with the same --pipeline, "
            "--env and --params"
        )

    def save(self, data: Any) -> None:
        """Save to a hidden sibling, flush it, then rename it over the target.

        Raises:
            DatasetError: If the disk is full, read-only, or the like; it names the file
                and what to do. The earlier file is unchanged.
        """
        with self._explained(), atomic_path(self._path) as part:
            self._at(part).save(data)
        self._dataset.release()
        self._is_stale = False

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say what to do where the disk or the rights keep a file from being saved."""
        try:
            yield
        except Exception as error:
            problem = surroundings_problem(error, self._path)
            if problem is None:
                raise
            raise DatasetError(
                f"{self._path} can't be written: {problem}. "
                "What was there before is unchanged"
            ) from error

    def remove_leftovers(self) -> None:
        """Delete what killed processes left half-written."""
        remove_leftovers(self._path)

    def mark_stale(self) -> None:
        """Report the file as absent until the next save; it stays where it is.

        ``kedro run --only-missing-outputs`` then makes it again.
        """
        self._is_stale = True

    def _exists(self) -> bool:
        return not self._is_stale and self._dataset.exists()

    def _release(self) -> None:
        self._dataset.release()

    def _describe(self) -> dict[str, Any]:
        return {"dataset": self._config["type"], "filepath": self._path.as_posix()}
