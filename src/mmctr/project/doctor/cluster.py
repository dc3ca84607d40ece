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
            each = f"{cluster.cpus} CPUs and {cluster.gpus:g} GPUs"
            text = f"{cluster.workers} workers of {each} on {len(nodes)} nodes"
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
    findings = []
    for node in nodes:
        if node.problem:
            findings.append(
                Finding(
                    Level.ERROR,
                    "node",
                    f"{node.name}: {node.problem}",
                    "install this project there, and mount the storage on it",
                )
            )
            continue
        others = [
            f"{name} {node.versions.get(name, 'none')} (here {version})"
            for name, version in own.items()
            if node.versions.get(name) != version
        ]
        text = f"{node.name}: {node.resources}"
        if others:
            findings.append(
                Finding(
                    Level.ERROR,
                    "node",
                    f"{text}; other versions: {', '.join(others)}",
                    "install the same there: results are the same only then",
                )
            )
        else:
            findings.append(Finding(Level.OK, "node", f"{text}, the same versions"))
    return [*findings, *_check_storage(nodes, storage)]


def _check_storage(nodes: list[NodeFacts], storage: str | None) -> list[Finding]:
    if storage is None:
        if len(nodes) < 2:
            return []
        text = "scale.storage is not set; only trainings across nodes need it"
        return [Finding(Level.OK, "storage", text)]
    missing = [node.name for node in nodes if node.is_shared is False]
    if missing:
        return [
            Finding(
                Level.ERROR,
                "storage",
                f"{storage} is another folder on {', '.join(missing)}",
                "mount one folder on every node, or use s3://BUCKET/PATH",
            )
        ]
    text = f"{storage}: what every node wrote is seen here"
    return [Finding(Level.OK, "storage", text)]
