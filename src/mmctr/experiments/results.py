"""Results of an experiment that are made once and kept."""

import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from typing import Any

from mmctr.data.datasets import ResultStore
from mmctr.runtime.processes import run_in_processes
from mmctr.runtime.progress import Countdown
from mmctr.runtime.scale.cluster import Cluster
from mmctr.runtime.scale.workers import run_on_workers

logger = logging.getLogger(__name__)


def make_missing(
    store: ResultStore,
    make: Callable[[Any], Any],
    arguments: Mapping[str, Any],
    label: str,
    processes: int | None = None,
    cluster: Cluster | None = None,
) -> None:
    """Make the results that a store lacks, and save each as soon as it is made.

    Args:
        store: Receives them.
        make: Makes a result of its argument; picklable if there are processes or a
            cluster.
        arguments: By the result's name, in the order in which they are made.
        label: What they are, for the log: how far it is, and the time left.
        processes: How many at once, each in a process of one thread; None: one by one
            in this process, with all its threads.
        cluster: Makes them on its workers instead.

    Raises:
        Exception: What ``make`` raised; the results before it are kept.
        ChildProcessError: If a process was killed, or the cluster is lost.
    """
    missing = {name: x for name, x in arguments.items() if name not in store}
    at_once = min(cluster.workers if cluster else processes or 1, len(missing))
    logger.info(
        "%s: %d of %d are there, %d to make%s",
        label,
        len(arguments) - len(missing),
        len(arguments),
        len(missing),
        f", {at_once} at once" if at_once > 1 else "",
    )
    countdown = Countdown(len(missing), at_once)
    calls: Generator[tuple[str, Any], None, None]
    if not missing or not (cluster or processes):
        calls = ((name, make(x)) for name, x in missing.items())
    elif cluster:
        calls = run_on_workers(make, missing.items(), cluster)
    else:
        calls = run_in_processes(make, missing, processes or 1)
    with closing(calls):
        for number, (name, result) in enumerate(calls, start=1):
            store.save(name, result)
            logger.info("%s: %s, %s", label, name, countdown.describe(number))
