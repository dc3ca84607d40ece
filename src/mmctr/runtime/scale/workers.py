"""One function called with many arguments on the workers of a cluster."""

import logging
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, NamedTuple

from mmctr.runtime.processes import portable_error
from mmctr.runtime.scale.answers import (
    Answer,
    Records,
    explained,
    is_full,
    reason,
    unpack,
)
from mmctr.runtime.scale.cluster import Cluster

logger = logging.getLogger(__name__)

_MOST_TRIES = 3
"""Of a call whose worker ends without a result."""

_SECONDS_WITHOUT_WORKER = 120


class _Call(NamedTuple):
    """A call that is to be made, or is under way."""

    name: str
    argument: Any
    tries: int = 0


def run_on_workers(
    function: Callable[[Any], Any],
    arguments: Iterable[tuple[str, Any]],
    cluster: Cluster,
) -> Generator[tuple[str, Any], None, None]:
    """Call a function with every argument, as many at once as there are workers.

    The function is sent to each worker once, with all it holds, so it must be
    picklable. A call whose worker or node is lost is made again. Closing the iterator
    ends the workers. Their log records are logged here, after the call's name, when
    the call ends.

    Args:
        function: Takes one argument.
        arguments: By a name, in the order in which calls are begun; they are read as
            workers become free.
        cluster: Connected.

    Yields:
        Name and result of a call as soon as it ends, in whatever order.

    Raises:
        Exception: What the first failing call raised.
        ChildProcessError: If a call lost its worker three times, naming it; if no
            worker is left, or the cluster has no room for objects.
    """
    with explained():
        pool = _Pool(function, cluster)
        try:
            yield from pool.results(iter(arguments))
        finally:
            pool.end()


class _Pool:
    """Workers of one function, and the calls under way."""

    def __init__(self, function: Callable[[Any], Any], cluster: Cluster) -> None:
        import ray

        self._kind = ray.remote(_Worker).options(
            num_cpus=cluster.cpus,
            num_gpus=cluster.gpus,
            scheduling_strategy="SPREAD",
        )
        self._threads = cluster.cpus
        self._function = ray.put(function)
        # What is waited for: a call's result, or None for a worker's start.
        self._waiting: dict[Any, tuple[Any, _Call | None]] = {}
        self._free: list[Any] = []
        self._failed_starts = 0
        for _ in range(cluster.workers):
            self._start()

    def results(
        self, arguments: Iterator[tuple[str, Any]]
    ) -> Generator[tuple[str, Any], None, None]:
        """Make the calls."""
        import ray

        again: deque[_Call] = deque()
        while True:
            while self._free:
                call = again.popleft() if again else _next(arguments)
                if call is None:
                    break
                worker = self._free.pop()
                self._waiting[worker.call.remote(call.name, call.argument)] = (
                    worker,
                    call,
                )
            if not any(call for _, call in self._waiting.values()) and self._free:
                return
            for ended in self._wait():
                worker, call = self._waiting.pop(ended)
                try:
                    found = ray.get(ended)
                except ray.exceptions.RayError as error:
                    if is_full(error):
                        raise
                    again += self._lost(call, error)
                    continue
                self._free.append(worker)
                if call is None:
                    self._failed_starts = 0
                else:
                    yield call.name, unpack(found)

    def end(self) -> None:
        """End the workers, busy or not."""
        import ray

        for worker, _ in self._waiting.values():
            ray.kill(worker)
        for worker in self._free:
            ray.kill(worker)

    def _start(self) -> None:
        worker = self._kind.remote([self._function], self._threads, sys.path)
        self._waiting[worker.start.remote()] = (worker, None)

    def _wait(self) -> list[Any]:
        """Wait for a result; without any worker, not for ever."""
        import ray

        begun = time.monotonic()
        while True:
            done, _ = ray.wait(list(self._waiting), num_returns=1, timeout=1)
            if done:
                return done
            is_alone = not any(call for _, call in self._waiting.values())
            if is_alone and time.monotonic() - begun > _SECONDS_WITHOUT_WORKER:
                raise ChildProcessError(
                    f"no worker started in {_SECONDS_WITHOUT_WORKER} s: the cluster "
                    "has no free CPUs or GPUs any more; add a node, or end what uses "
                    "them, and run again: finished results are kept"
                )

    def _lost(self, call: _Call | None, error: Exception) -> list[_Call]:
        """Start another worker in place of a lost one; the calls to make again."""
        why = reason(error)
        self._start()
        if call is None:
            # Its node may be the one that is lost.
            self._failed_starts += 1
            if self._failed_starts < _MOST_TRIES:
                return []
            raise ChildProcessError(f"a worker can't be started: {why}") from error
        if call.tries + 1 >= _MOST_TRIES:
            raise ChildProcessError(
                f"{call.name}: its worker was lost {_MOST_TRIES} times, last: {why}"
            ) from error
        logger.warning("%s: its worker was lost, and it is made again: %s",
                       call.name, why)  # fmt: skip
        return [call._replace(tries=call.tries + 1)]


def _next(arguments: Iterator[tuple[str, Any]]) -> _Call | None:
    found = next(arguments, None)
    return None if found is None else _Call(*found)


class _Worker:
    """A process of the cluster; Ray makes it."""

    def __init__(self, function: list[Any], threads: int, paths: list[str]) -> None:
        """Load the function.

        Args:
            function: A list with its reference, which Ray itself doesn't look into.
            threads: Of this process.
            paths: Where the driver finds modules.
        """
        import ray
        from threadpoolctl import threadpool_limits

        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        sys.path += [x for x in paths if x not in sys.path and os.path.isdir(x)]
        self._function = ray.get(function[0])
        # OMP_NUM_THREADS is Ray's to set; libraries that it loaded itself had none.
        threadpool_limits(threads)

    def start(self) -> None:
        """Answer that it is there."""

    def call(self, name: str, argument: Any) -> Answer:
        """Call the function: log records, its result and what it raised."""
        records = Records(name)
        logging.basicConfig(
            handlers=[records], level=logging.INFO, format="%(message)s", force=True
        )
        try:
            return records.kept, self._function(argument), None
        except Exception as error:
            return records.kept, None, portable_error(error)
