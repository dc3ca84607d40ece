"""Many results in one folder, of which only the missing ones are made."""

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kedro.io import DatasetError
from kedro_datasets._typing import TablePreview
from kedro_datasets.partitions import PartitionedDataset
from tqdm import tqdm

logger = logging.getLogger(__name__)

Parts = Mapping[str, Callable[[], Any] | Any]


class MissingPartitions(PartitionedDataset):
    """A partitioned dataset that makes and saves what is not there yet, one by one.

    A node gives a function for each partition and stays pure (or what it has already,
    which is saved first). Each is called when its turn comes, in the order of the
    mapping, and saved before the next is called. A run that is stopped, by whatever,
    keeps every partition that was saved, and the next makes the others. So the *name*
    of a partition must say what went into it: nodes put a hash of parameters and inputs
    there.

    Wrap ``mmctr.datasets.AtomicDataset``, then a partition that is there is whole.
    Partitions of other settings stay in the folder; whoever loads takes those he knows.

    Example:
        >>> dataset.save({"none/seed_1-0f3a": lambda: train(...)})
    """

    def save(self, data: Parts) -> None:
        """Call what is missing, and log how far it is and the time left.

        Args:
            data: A function a partition, or its content.

        Raises:
            DatasetError: If one fails, naming it; those before it stay.
        """
        self._invalidate_caches()
        there = {self._path_to_partition(path) for path in self._list_partitions()}
        missing = {name: part for name, part in data.items() if name not in there}
        ready = {name: part for name, part in missing.items() if not callable(part)}
        makers = {name: part for name, part in missing.items() if callable(part)}
        super().save(ready)
        label = Path(self._path).name
        if data:
            logger.info(
                "%s: %d of %d are there, %d to make",
                label,
                len(data) - len(makers),
                len(data),
                len(makers),
            )
        start = time.perf_counter()
        for done, (name, make) in enumerate(makers.items(), start=1):
            try:
                made = make()
            except (ValueError, OSError) as error:
                raise DatasetError(f"{label}, {name}: {error}") from error
            super().save({name: made})
            spent = time.perf_counter() - start
            left = len(makers) - done
            # All of them cost about the same, as far as is known here.
            forecast = tqdm.format_interval(spent / done * left)
            logger.info(
                "%s: %s, %d of %d; %s gone%s",
                label,
                name,
                done,
                len(makers),
                tqdm.format_interval(spent),
                f", about {forecast} left" if left else "",
            )

    def load(self) -> dict[str, Callable[[], Any]]:
        """A function a partition that is there; none is no error."""
        self._invalidate_caches()
        return super().load() if self._list_partitions() else {}

    def preview(self) -> TablePreview:
        """The names of what is there, for kedro-viz."""
        self._invalidate_caches()
        names = sorted(map(self._path_to_partition, self._list_partitions()))
        return TablePreview(
            {
                "index": list(range(len(names))),
                "columns": ["partition"],
                "data": [[name] for name in names],
            }
        )

    def _exists(self) -> bool:
        # What is wanted is known to nodes alone, so no run may be skipped for it.
        return False

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "filepath": self._path}
