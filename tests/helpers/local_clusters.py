"""Clusters of Ray whose nodes are all on this machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmctr.runtime.scale.params import ScaleParams

STARTS = 4
"""On a busy machine, Ray's half a minute may be too little."""

STORE_BYTES = 100 * 2**20
"""Of a node, for objects."""


@contextmanager
def local_nodes(count: int) -> Iterator[tuple[Any, ScaleParams]]:
    """Nodes of one CPU each, besides a head that has none; nothing is connected.

    Yields:
        Ray's ``Cluster``, and the parameters that join it.
    """
    own = {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",
        "RAY_worker_niceness": str(os.nice(0)),
        # What else runs on this machine is no reason to kill workers.
        "RAY_memory_monitor_refresh_ms": "0",
    }
    os.environ.update(own)
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    try:
        for number in range(count + 1):
            add_node(cluster, cpus=min(number, 1))
        cluster.wait_for_nodes()
        yield cluster, ScaleParams(backend="ray", address=cluster.address)
    finally:
        cluster.shutdown()


def add_node(cluster: Any, cpus: int = 1) -> Any:
    """Add a node; Ray gives up on one that is slow to start."""
    for tries in range(STARTS):
        try:
            return cluster.add_node(
                num_cpus=cpus,
                object_store_memory=STORE_BYTES,
                include_dashboard=False,
            )
        except Exception:
            if tries + 1 == STARTS:
                raise
    raise AssertionError


def lose_a_node(cluster: Any) -> None:
    """Kill a node that this process is not connected to."""
    import ray

    own = ray.get_runtime_context().get_node_id()
    others = [node for node in cluster.worker_nodes if node.node_id != own]
    cluster.remove_node(others[0], allow_graceful=False)
