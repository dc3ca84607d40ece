"""Results that many ask for and one makes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock
from kedro_datasets.partitions import PartitionedDataset

from mmctr.data.datasets.missing_partitions import MissingPartitions

Keep = Callable[[str, Callable[[], Any]], Any]


class KeptPartitions(MissingPartitions):
    """A partitioned dataset that loads as a function: find a partition, or make it.

    For a node that learns what it needs only while it works. A partition's name must
    say what went into it (a hash), then what the function gives depends on its
    arguments alone. Several processes may ask: one makes, the others wait.

    Example:
        >>> keep = dataset.load()
        >>> table = keep("rq_kmeans-0f3a", lambda: quantize(...))
    """

    def load(self) -> Keep:
        """The function ``keep(name, make)``; what ``make`` raises goes through it."""
        return self._keep

    def _keep(self, name: str, make: Callable[[], Any]) -> Any:
        folder = Path(self._path)
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{name}.lock"):
            found = self._find(name)
            if found is None:
                PartitionedDataset.save(self, {name: make()})
                found = self._find(name)
        if found is None:
            raise OSError(f"{folder}: '{name}' is gone right after it was saved")
        # As it was saved: whoever makes it and whoever finds it go on from the same.
        return found()

    def _find(self, name: str) -> Callable[[], Any] | None:
        self._invalidate_caches()
        if not self._list_partitions():
            return None
        return PartitionedDataset.load(self).get(name)
