"""Start a Ray cluster for a run, or join one, and leave nothing of it behind."""

import os
import secrets
import signal
import socket
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mmctr.runtime.scale.params import ScaleParams
from mmctr.runtime.scale.run_folders import run_folder

_FOLDERS = Path("/tmp")  # nosec B108, like Ray's own: names of sockets must be short
_KIND = "mmctr-ray"
_STARTS = 4


@dataclass(frozen=True)
class Cluster:
    """What of a connected cluster a run uses.

    Attributes:
        workers: Processes at once.
        cpus: Of each, and its threads.
        gpus: Of each.
    """

    workers: int
    cpus: int
    gpus: float


@contextmanager
def connected_cluster(params: ScaleParams) -> Iterator[Cluster | None]:
    """Connect to the cluster of a run; inside of another such block, to the same one.

    A cluster that was started here ends with the block, and with this process however
    that ends. One that was joined goes on, without this run's workers.

    Args:
        params: Which cluster, and how much of it.

    Yields:
        What the run may use; None with ``scale.backend=none``, which imports no Ray.

    Raises:
        ValueError: If there is no such cluster, or too little of it is free; with both
            numbers.
    """
    if params.backend == "none":
        yield None
        return
    if os.name == "nt":
        raise ValueError(
            "scale.backend=ray needs Linux or macOS: Ray has no clusters on Windows; "
            "use --params scale.backend=none"
        )
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray's own workers give way to all other programs; these are the run.
    os.environ.setdefault("RAY_worker_niceness", str(os.nice(0)))
    if params.address is None:
        # Ports of Ray are open to other machines; without this token they refuse.
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    import ray

    if ray.is_initialized():
        yield _claim(params)
        return
    # Of a cluster of this run: its logs, and objects that it spills.
    starts = params.address is None
    own = run_folder(_FOLDERS, _KIND, 0o700) if starts else nullcontext()
    with own as folder:
        try:
            with _signals_kept():
                _connect(params.address, folder)
            yield _claim(params)
        finally:
            ray.shutdown()


def cluster_nodes() -> list[dict[str, Any]]:
    """Living nodes of the connected cluster, as Ray describes them."""
    import ray

    return [node for node in ray.nodes() if node["Alive"]]


def _connect(address: str | None, folder: Path | None) -> None:
    import ray

    quiet: dict[str, Any] = {"configure_logging": False, "log_to_driver": False}
    if address is None:
        quiet |= {"include_dashboard": False, "_temp_dir": str(folder)}
    elif address != "auto":
        _require_answer(address)
    for tries in range(_STARTS):
        try:
            ray.init(address or "local", **quiet)
            return
        except Exception as error:
            # Ray has no kind of its own for these.
            ray.shutdown()
            _kill_started(folder)
            why = " ".join(str(error).split()) or type(error).__name__
            # Its processes have half a minute, which is little on a busy machine.
            if address is None and "timed out" in why and tries + 1 < _STARTS:
                continue
            raise ValueError(_describe_failure(address, why)) from error


def _require_answer(address: str) -> None:
    """Ray itself tries for minutes to reach an address where nobody listens."""
    try:
        place = urlsplit(f"//{address}")
        if place.port is None:
            raise ValueError("expected auto or HOST:PORT")
        socket.create_connection((place.hostname or "", place.port), 10).close()
    except (OSError, ValueError) as error:
        raise ValueError(_describe_failure(address, f"{error}.")) from error


def _kill_started(folder: Path | None) -> None:
    """Kill what a start that failed has left of this process's cluster."""
    import psutil  # Ray brings it

    for child in psutil.Process().children():
        # One that has just ended has no command line.
        with suppress(psutil.Error):
            if folder is not None and any(str(folder) in x for x in child.cmdline()):
                child.kill()


def _describe_failure(address: str | None, why: str) -> str:
    if address is None:
        return (
            f"scale: no Ray cluster can be started on this machine: {why} Try again "
            "when it is less busy, or use --params scale.backend=none"
        )
    if "Version mismatch" in why:
        return (
            f"scale.address={address}: {why}; install the same versions of Ray and "
            "Python on every machine"
        )
    return (
        f"scale.address={address}: no Ray cluster that can be joined: {why} Start one "
        "with `ray start --head`, or leave the address out for one of this machine "
        "alone"
    )


def _claim(params: ScaleParams) -> Cluster:
    """Check at once that the cluster has enough free CPUs and GPUs."""
    import ray

    nodes = [node["Resources"] for node in cluster_nodes()]
    free = ray.available_resources()
    cpus, gpus = params.cpus_per_worker, params.gpus_per_worker
    fitting = sum(_fitting(node, cpus, gpus) for node in nodes)
    possible = min(fitting, _fitting(free, cpus, gpus))
    workers = possible if params.workers is None else params.workers
    if workers <= possible and workers:
        return Cluster(workers, cpus, gpus)
    asked = max(workers, 1)
    text = f"{asked * cpus} CPUs"
    has = f"{sum(node.get('CPU', 0) for node in nodes):g} CPUs"
    rest = f"{free.get('CPU', 0):g} of them free"
    if gpus:
        text += f" and {asked * gpus:g} GPUs"
        has += f" and {sum(node.get('GPU', 0) for node in nodes):g} GPUs"
        rest = f"free: {free.get('CPU', 0):g} and {free.get('GPU', 0):g}"
    raise ValueError(
        f"scale: {asked} workers of {cpus} CPUs each need {text}, the cluster of "
        f"{len(nodes)} nodes has {has} ({rest}), for {possible} such workers; use "
        f"--params scale.workers={max(possible, 1)}, a smaller scale.cpus_per_worker "
        "or gpus_per_worker, or add nodes"
    )


def _fitting(resources: Mapping[str, float], cpus: int, gpus: float) -> int:
    fitting = resources.get("CPU", 0) / cpus
    if gpus:
        fitting = min(fitting, resources.get("GPU", 0) / gpus)
    return int(fitting)


@contextmanager
def _signals_kept() -> Generator[None, None, None]:
    """Keep the handler of SIGTERM, which Ray replaces when it connects."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
