"""What each node of a cluster has: versions, and the storage."""

import sys
import uuid
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from mmctr import __version__

_LIBRARIES = ("ray", "torch", "numpy", "pyarrow", "pytorch-lightning", "fuxictr")
_SECONDS = 120


@dataclass(frozen=True)
class NodeFacts:
    """What a node answered.

    Attributes:
        name: Its address, and the start of its id.
        resources: CPUs and GPUs, in words.
        versions: Of Python, this project and what it computes with.
        problem: Why it could not answer, or not write to the storage; else empty.
        is_shared: Whether this process sees what the node wrote to the storage; None
            where there is none, or the node could not write to it.
    """

    name: str
    resources: str
    versions: dict[str, str]
    problem: str = ""
    is_shared: bool | None = None


def library_versions() -> dict[str, str]:
    """Versions here, by the name of what has them."""
    found = {"python": ".".join(map(str, sys.version_info[:3])), "mmctr": __version__}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def inspect_nodes(storage: str | None) -> list[NodeFacts]:
    """Ask every node of the connected cluster, and look for what it wrote.

    Args:
        storage: ``scale.storage``; each node writes a small file there, which is
            removed.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    from mmctr.runtime.scale.cluster import cluster_nodes

    mark = f".mmctr-{uuid.uuid4().hex[:12]}"
    asked = {}
    for node in cluster_nodes():
        there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        task = ray.remote(_answer).options(num_cpus=0, scheduling_strategy=there)
        asked[node["NodeID"]] = (node, task.remote(storage, mark, node["NodeID"]))
    found = []
    for key, (node, answer) in asked.items():
        name = f"{node['NodeManagerAddress']} ({key[:6]})"
        resources = _describe(node["Resources"])
        try:
            versions, problem = ray.get(answer, timeout=_SECONDS)
        except ray.exceptions.RayError as error:
            last = str(error).strip().splitlines()[-1]
            found.append(NodeFacts(name, resources, {}, f"does not answer: {last}"))
            continue
        is_written = storage is not None and not problem
        shared = _take(storage, mark, key) if is_written else None
        found.append(NodeFacts(name, resources, versions, problem, shared))
    return found


def _answer(storage: str | None, mark: str, key: str) -> tuple[dict[str, str], str]:
    """Run on a node: its versions, and what kept it from writing."""
    problem = ""
    if storage is not None:
        try:
            _write(storage, mark, key)
        except Exception as error:
            why = getattr(error, "strerror", None) or error
            problem = f"can't write to {storage}: {why}"
    return library_versions(), problem


def _write(storage: str, mark: str, key: str) -> None:
    import fsspec

    files, folder = fsspec.core.url_to_fs(storage)
    files.makedirs(folder, exist_ok=True)
    files.pipe_file(f"{folder}/{mark}-{key}", key.encode())


def _take(storage: str, mark: str, key: str) -> bool:
    import fsspec

    files, folder = fsspec.core.url_to_fs(storage)
    path = f"{folder}/{mark}-{key}"
    files.invalidate_cache()
    if not files.exists(path):
        return False
    files.rm_file(path)
    return True


def _describe(resources: dict[str, float]) -> str:
    gpus = f", GPUs: {resources['GPU']:g}" if "GPU" in resources else ""
    return f"CPUs: {resources.get('CPU', 0):g}{gpus}"
