"""Checks of the cluster that a run would use."""

from mmctr.project.doctor.findings import Finding, Level
from mmctr.runtime.scale.cluster import connected_cluster
from mmctr.runtime.scale.nodes import NodeFacts, inspect_nodes, library_versions
from mmctr.runtime.scale.params import ScaleParams

_TOPIC = "cluster"


def check_cluster(params: ScaleParams) -> list[Finding]:
    """Connect to the cluster, and ask each node for its versions and the storage.

    Args:
        params: Which cluster; nothing is checked with ``backend=none``.
    """
    if params.backend == "none":
        return []
    try:
        with connected_cluster(params) as cluster:
            assert cluster is not None  # nosec B101
            nodes = inspect_nodes(params.storage)
            text = f"workers: {cluster.workers}, CPUs of each: {cluster.cpus}"
            text += f", GPUs: {cluster.gpus:g}" if cluster.gpus else ""
            text += f"; nodes: {len(nodes)}"
    except ValueError as error:
        text, _, remedy = str(error).rpartition("; ")
        return [Finding(Level.ERROR, _TOPIC, text or str(error), text and remedy)]
    return [
        Finding(Level.OK, _TOPIC, text),
        *check_nodes(nodes, library_versions(), params.storage),
    ]


def check_nodes(
    nodes: list[NodeFacts], own: dict[str, str], storage: str | None
) -> list[Finding]:
    """Compare what nodes answered with this process.

    Args:
        nodes: Their answers.
        own: Versions here.
        storage: ``scale.storage``.
    """
    findings = [_check_node(node, own) for node in nodes]
    return [*findings, *_check_storage(nodes, storage)]


def _check_node(node: NodeFacts, own: dict[str, str]) -> Finding:
    text = f"{node.name}: {node.resources}"
    others = [
        f"{name} {node.versions.get(name, 'none')} (here {version})"
        for name, version in own.items()
        if node.versions.get(name) != version
    ]
    if not node.versions:
        text, remedy = f"{node.name}: {node.problem}", "install this project there"
    elif others:
        text += f"; other versions: {', '.join(others)}"
        remedy = "install the same there: results are the same only then"
    else:
        return Finding(Level.OK, "node", f"{text}, the same versions")
    return Finding(Level.ERROR, "node", text, remedy)


def _check_storage(nodes: list[NodeFacts], storage: str | None) -> list[Finding]:
    if storage is None:
        if len(nodes) < 2:
            return []
        text = "scale.storage is not set; only trainings across nodes need it"
        return [Finding(Level.OK, "storage", text)]
    problems = [
        Finding(
            Level.ERROR,
            "storage",
            f"{node.name}: {node.problem}",
            "mount it there too, with the right to write",
        )
        for node in nodes
        if node.versions and node.problem
    ]
    missing = [node.name for node in nodes if node.is_shared is False]
    if missing:
        text = f"{storage} is another folder on {', '.join(missing)}"
        remedy = "mount one folder on every node, or use s3://BUCKET/PATH"
        problems.append(Finding(Level.ERROR, "storage", text, remedy))
    if problems:
        return problems
    text = f"{storage}: what every node wrote is seen here"
    return [Finding(Level.OK, "storage", text)]
