"""Results of long computations, one file each, keyed by what went into them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never

import pandas as pd
from filelock import FileLock
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview

from mmctr.data.datasets.atomic import AtomicDataset


@dataclass(frozen=True)
class ResultStore:
    """A folder of results that nodes look into and add to while they work.

    A name must say what went into its result (a hash of parameters and inputs). Then a
    result that is there is right for everyone, and a run that was stopped makes only
    those that are missing. Each is written whole or not at all. Results of other
    settings stay in the folder.

    Examples:
        >>> codes = store.get_or_make("rq_kmeans-0f3a", lambda: quantize(...))
    """

    folder: Path
    dataset: str
    """Type of the data set that reads and writes one file."""
    suffix: str

    def __contains__(self, name: str) -> bool:
        """Whether a result is there."""
        return self._path(name).exists()

    def load(self, name: str) -> Any:
        """Load a result.

        Raises:
            ValueError: If it is not there.
            DatasetError: If its file is damaged, naming it.
        """
        if name not in self:
            raise ValueError(
                f"'{name}' is not among the results in {self.folder}; run the pipeline "
                "as a whole (kedro run --pipeline NAME), it makes what is missing and "
                "no more"
            )
        return self._file(name).load()

    def save(self, name: str, result: Any) -> None:
        """Add a result."""
        self._file(name).save(result)

    def get_or_make(self, name: str, make: Callable[[], Any]) -> Any:
        """Load a result, or make and save it first.

        Of several processes that ask at once, one makes it and the others wait.

        Args:
            name: Of the result.
            make: Gives it; what it raises is passed on.

        Returns:
            The result as loaded from its file, whether it was made now or before.
        """
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")):
            if name not in self:
                self.save(name, make())
        return self.load(name)

    def names(self) -> list[str]:
        """Names of all results, sorted."""
        files = self.folder.rglob(f"[!.]*{self.suffix}")
        paths = sorted(file.relative_to(self.folder).as_posix() for file in files)
        return [path.removesuffix(self.suffix) for path in paths]

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{self.suffix}"

    def _file(self, name: str) -> AtomicDataset:
        return AtomicDataset(dataset=self.dataset, filepath=str(self._path(name)))


@dataclass(frozen=True)
class LoadedResults:
    """Results of a store in memory, for processes that don't have its folder."""

    results: dict[str, Any]

    def load(self, name: str) -> Any:
        """Give a result."""
        return self.results[name]

    def get_or_make(self, name: str, make: Callable[[], Any]) -> Any:
        """Give a result, or make it first."""
        if name not in self.results:
            self.results[name] = make()
        return self.results[name]


class ResultStoreDataset(AbstractDataset[Never, ResultStore]):
    """A folder that loads as a :class:`ResultStore`."""

    def __init__(
        self,
        *,
        path: str,
        dataset: str,
        filename_suffix: str,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Describe the folder.

        Args:
            path: The folder, on this machine; made with the first result.
            dataset: Type of the data set that reads and writes one file.
            filename_suffix: End of each file's name.
            metadata: For plugins such as kedro-viz; not used here.
        """
        self._store = ResultStore(Path(path), dataset, filename_suffix)
        self.metadata = metadata

    def load(self) -> ResultStore:
        """The store; a folder that is not there yet is an empty one."""
        return self._store

    def save(self, data: Never) -> None:
        """Refuse to: results are saved through the store."""
        raise DatasetError(
            f"{self._store.folder} is only read; results are saved through the store "
            "that it loads as"
        )

    def preview(self) -> TablePreview:
        """The names of the results, for kedro-viz."""
        names = pd.DataFrame({"result": self._store.names()})
        return TablePreview(names.to_dict(orient="split"))

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._store.folder.as_posix()}
