"""Calls on two nodes of one core each: results, errors, and losses."""

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from local_clusters import STORE_BYTES, local_nodes, lose_a_node
from other_processes import OddError, is_alive

from mmctr.runtime.scale.cluster import Cluster, connected_cluster
from mmctr.runtime.scale.workers import run_on_workers

pytestmark = pytest.mark.system

logger = logging.getLogger("mmctr.test")

LARGE = 3 * STORE_BYTES


def work(argument: Any) -> Any:
    """What a worker does, by the argument."""
    what, *more = argument if isinstance(argument, tuple) else (argument,)
    match what:
        case "fail":
            raise ValueError("too few rows")
        case "fail oddly":
            raise OddError(7, 3)
        case "say":
            logger.info("step %d", more[0])
            logger.debug("more of it")
        case "node":
            import ray

            time.sleep(1)
            return ray.get_runtime_context().get_node_id()
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "die once":
            file = Path(more[0])
            if not file.exists():
                file.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        case "large":
            return np.zeros(LARGE, np.uint8)
        case "wait":
            Path(f"{more[0]}-{os.getpid()}").touch()
            while not Path(more[0]).exists():
                time.sleep(0.1)
    return argument


@pytest.fixture(scope="module")
def nodes() -> Iterator[tuple[Any, Cluster]]:
    """Ray's cluster, and what a run uses of it."""
    with pytest.MonkeyPatch.context() as patch:
        # To Ray, any disk is full: what is larger than a node's store has no room.
        patch.setenv("RAY_local_fs_capacity_threshold", "0.001")
        with local_nodes(2) as (cluster, params), connected_cluster(params) as own:
            assert own is not None
            yield cluster, own


def results(arguments: dict[str, Any], cluster: Cluster) -> dict[str, Any]:
    return dict(run_on_workers(work, arguments.items(), cluster))


def test_calls_are_made_on_both_nodes_each_once(nodes, caplog):
    caplog.set_level(logging.INFO)
    assert nodes[1] == Cluster(workers=2, cpus=1, gpus=0)
    arguments = {f"n{i}": ("node",) for i in range(4)} | {"said": ("say", 3)}
    found = results(arguments, nodes[1])
    assert found.pop("said") == ("say", 3)
    assert len(found) == 4
    assert len(set(found.values())) == 2
    assert [x.getMessage() for x in caplog.records if x.name == logger.name] == [
        "said: step 3"
    ]


@pytest.mark.parametrize(
    ("what", "message"), [("fail", "too few rows"), ("fail oddly", "7 in row 3")]
)
def test_what_a_call_raises_is_raised(nodes, what, message):
    with pytest.raises(ValueError, match=message):
        results({"a": 1, "b": what}, nodes[1])


def test_a_call_whose_worker_is_killed_is_made_again(nodes, tmp_path, caplog):
    arguments = {"a": ("die once", str(tmp_path / "died")), "b": 2}
    assert results(arguments, nodes[1]) == arguments
    assert "a: its worker was lost, and it is made again" in caplog.text


def test_a_call_that_kills_its_workers_is_named(nodes):
    with pytest.raises(ChildProcessError, match="b: its worker was lost 3 times"):
        results({"b": "die"}, nodes[1])


def test_a_full_store_says_where_and_what_to_do(nodes):
    calls = run_on_workers(work, [("a", 1), ("b", "large")], nodes[1])
    assert next(calls) == ("a", 1)
    words = (
        r"store is full \(node [\d.]+\), and so is the disk.*--params scale.workers=N"
    )
    with pytest.raises(ChildProcessError, match=words):
        next(calls)
    too_large = partial(np.add, np.zeros(LARGE, np.uint8))
    with pytest.raises(ChildProcessError, match="finished results are kept"):
        dict(run_on_workers(too_large, [("a", 1)], nodes[1]))
    assert results({"b": 2}, nodes[1]) == {"b": 2}


def test_a_lost_nodes_calls_are_made_again(nodes, tmp_path, caplog):
    """The last test of the module: a node is gone afterwards."""
    cluster, connected = nodes
    file = tmp_path / "go"
    calls = run_on_workers(
        work, [(name, ("wait", str(file))) for name in "abc"], connected
    )

    def workers() -> list[int]:
        return [int(x.name.removeprefix("go-")) for x in tmp_path.glob("go-*")]

    def lose_one() -> None:
        until = time.monotonic() + 60
        while len(workers()) < 2 and time.monotonic() < until:
            time.sleep(0.1)
        lose_a_node(cluster)
        # Its worker ends by itself, and might answer before.
        while all(map(is_alive, workers())) and time.monotonic() < until:
            time.sleep(0.1)
        file.touch()

    thread = threading.Thread(target=lose_one)
    thread.start()
    found = dict(calls)
    thread.join()
    assert set(found) == set("abc")
    assert "is made again" in caplog.text
