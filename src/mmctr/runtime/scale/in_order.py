"""Calls on a cluster, or in this process, whose results come in the order of calls."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from mmctr.runtime.scale.cluster import Cluster, connected_cluster
from mmctr.runtime.scale.params import ScaleParams
from mmctr.runtime.scale.workers import run_on_workers


@contextmanager
def content_cluster(items: int, params: ScaleParams) -> Iterator[Cluster | None]:
    """Connect to the cluster of a run where content of many items is to be made.

    Args:
        items: Whose content is made.
        params: Which cluster, and from how many items on.

    Yields:
        What the run may use; None: this process does it.

    Raises:
        ValueError: If there is no such cluster, or too little of it is free.
    """
    if items <= params.content_items:
        yield None
        return
    with connected_cluster(params) as cluster:
        yield cluster


def call_in_order(
    function: Callable[[Any], Any],
    arguments: Iterable[Any],
    cluster: Cluster | None,
    name: str = "piece",
) -> Generator[Any, None, None]:
    """Call a function with every argument.

    Args:
        function: Takes one argument; picklable if there is a cluster.
        arguments: Read as they are needed.
        cluster: Its workers are called, several at once; None: this process.
        name: Of an argument, for messages; its number is put behind it.

    Yields:
        The results, in the order of the arguments.

    Raises:
        Exception: What a call raised.
        ChildProcessError: If the cluster is lost.
    """
    if cluster is None:
        yield from map(function, arguments)
        return
    named = ((f"{name} {number}", each) for number, each in enumerate(arguments))
    ended: dict[str, Any] = {}
    following = 0
    with closing(run_on_workers(function, named, cluster)) as calls:
        for key, result in calls:
            ended[key] = result
            while f"{name} {following}" in ended:
                yield ended.pop(f"{name} {following}")
                following += 1
