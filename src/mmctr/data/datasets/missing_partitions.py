"""Many results in one folder, of which only the missing ones are made."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from kedro.io import DatasetError
from kedro_datasets._typing import TablePreview
from kedro_datasets.partitions import PartitionedDataset
from tqdm import tqdm

from mmctr.runtime.processes import side_by_side

logger = logging.getLogger(__name__)

Parts = Mapping[str, Callable[[], Any] | Any]


@dataclass(frozen=True)
class Makers(Mapping[str, Callable[[], Any] | Any]):
    """One function for all partitions, an argument each: calls can go side by side.

    As a mapping it has a function a partition, or what is ready.
    """

    function: Callable[[Any], Any]
    arguments: Mapping[str, Any]
    ready: Mapping[str, Any] = field(default_factory=dict)
    processes: int | None = None
    """At once, each of one thread (:func:`~mmctr.runtime.processes.side_by_side`);
    None: one by one, in this process and with all its threads."""

    def __getitem__(self, name: str) -> Callable[[], Any] | Any:
        """What makes a partition, or the partition."""
        if name in self.ready:
            return self.ready[name]
        return partial(self.function, self.arguments[name])

    def __iter__(self) -> Iterator[str]:
        """Names, those that are ready first."""
        yield from self.ready
        yield from (name for name in self.arguments if name not in self.ready)

    def __len__(self) -> int:
        """Their number."""
        return len({**self.ready, **self.arguments})


class MissingPartitions(PartitionedDataset):
    """A partitioned dataset that makes and saves what is not there yet.

    A node gives a function for each partition and stays pure (or what it has already,
    which is saved first). Each is called when its turn comes, in the order of the
    mapping, and saved before the next is called; those of :class:`Makers` with several
    processes are called side by side, and each is saved as soon as it is made. A run
    that is stopped, by whatever, keeps every partition that was saved, and the next
    makes the others. So the *name* of a partition must say what went into it: nodes put
    a hash of parameters and inputs there.

    Wrap ``mmctr.data.datasets.AtomicDataset``, then a partition that is there is whole.
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
        at_once = min(_processes(data) or 1, len(makers))
        if data:
            logger.info(
                "%s: %d of %d are there, %d to make%s",
                label,
                len(data) - len(makers),
                len(data),
                len(makers),
                f", {at_once} at once" if at_once > 1 else "",
            )
        progress = _Progress(label, len(makers), at_once)
        with closing(_calls(data, makers)) as calls:
            for name, make in calls:
                try:
                    made = make()
                except (ValueError, OSError) as error:
                    raise DatasetError(f"{label}, {name}: {error}") from error
                super().save({name: made})
                progress.advance(name)

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


class _Progress:
    """A line in the log for each that is made."""

    def __init__(self, label: str, total: int, at_once: int) -> None:
        self._label, self._total, self._at_once = label, total, at_once
        self._done = 0
        self._start = time.perf_counter()

    def advance(self, name: str) -> None:
        self._done += 1
        spent = time.perf_counter() - self._start
        left = self._total - self._done
        # All of them cost about the same, as far as is known here, and those that are
        # under way are half done.
        half = min(self._at_once - 1, left) / 2
        forecast = tqdm.format_interval(spent / (self._done + half) * (left - half))
        logger.info(
            "%s: %s, %d of %d; %s gone%s",
            self._label,
            name,
            self._done,
            self._total,
            tqdm.format_interval(spent),
            f", about {forecast} left" if left else "",
        )


def _processes(data: Parts) -> int | None:
    return data.processes if isinstance(data, Makers) else None


def _calls(
    data: Parts, makers: Mapping[str, Callable[[], Any]]
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Name and function of what is to be made: a call gives it or raises."""
    if isinstance(data, Makers) and data.processes is not None:
        arguments = {name: data.arguments[name] for name in makers}
        yield from side_by_side(data.function, arguments, data.processes)
    else:
        yield from makers.items()
