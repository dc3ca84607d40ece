"""One run's view of a manifest: checked before the run, extended during it."""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from kedro.io import CatalogProtocol, DatasetError
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from mmctr.project.provenance.computation import computation_of
from mmctr.project.provenance.manifest import Manifest
from mmctr.project.provenance.staleness import Cause, Hashes, Lineage
from mmctr.runtime.hashing import FileHashes

logger = logging.getLogger(__name__)


@dataclass
class RunRecord:
    """The manifest of one data set, and the run that reads and extends it.

    Attributes:
        entry: The manifest's name in the catalog.
        catalog: Where it and the artifacts are.
        project: The project's folder.
        lineage: What is made from what.
        versions: Of code and libraries.
        noted: Names of the nodes that this run has noted.
    """

    entry: str
    catalog: CatalogProtocol
    project: Path
    lineage: Lineage
    versions: dict[str, str | None]
    noted: set[str] = field(default_factory=set)
    _saved: dict[str, set[str]] = field(default_factory=dict)
    _inputs: dict[str, dict[str, Hashes]] = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        entry: str,
        catalog: CatalogProtocol,
        *,
        project: Path,
        graph: Pipeline,
        configured: dict[str, Any],
        parameters: dict[str, Any],
        versions: dict[str, str | None],
    ) -> Self:
        """Read the manifest, if there is one, and find the graph's files.

        Args:
            entry: The manifest's name in the catalog.
            catalog: The run's.
            project: The project's folder.
            graph: Every node of the project, not only the run's.
            configured: The catalog's entries as they are configured.
            parameters: The whole tree.
            versions: Of code and libraries.
        """
        manifest = read_manifest(entry, catalog)
        lineage = lineage_of(catalog, project, graph, configured, parameters, manifest)
        return cls(entry, catalog, project, lineage, versions)

    def begin(self, node: Node) -> None:
        """Look at a node's inputs before it loads the first of them.

        A file that changes meanwhile then differs from what is written down.
        """
        if node.name not in self._inputs:
            self._inputs[node.name] = self.lineage.inputs_of(node)

    def note_output(self, node: Node, name: str) -> None:
        """Record the node's outputs once all of them are saved."""
        saved = self._saved.setdefault(node.name, set())
        saved.add(name)
        if saved >= set(node.outputs):
            self.note(node)

    def note(self, node: Node) -> None:
        """Record what a node has made, and from what."""
        self.noted.add(node.name)
        self.begin(node)
        lineage = self.lineage
        hashes = {
            each: value
            for name in node.outputs
            if name in lineage.paths
            for each, value in lineage.hashes.by_file(name, lineage.paths[name]).items()
        }
        made = {name: value for name, value in hashes.items() if value is not None}
        entry: dict[str, Any] = {
            "node": node.name,
            "at": datetime.now().astimezone().isoformat(timespec="seconds"),
            "commit": self.versions["commit"],
            "parameters": lineage.parameters_of(node),
            "inputs": self._inputs[node.name],
        }
        if computation := computation_of(node.name):
            entry["computation"] = computation
        self.write(made, entry)

    def write(
        self, made: dict[str, str] | None = None, entry: dict[str, Any] | None = None
    ) -> None:
        """Save the manifest atomically.

        Args:
            made: Hashes of what was made, if something was.
            entry: What it was made from.
        """
        lineage = self.lineage
        # Read again: another run may share the file, as runs of a study do.
        manifest = lineage.manifest = read_manifest(self.entry, self.catalog)
        if made and entry:
            manifest.record(made, entry)
        manifest.inputs.update(self._raw_hashes())
        manifest.parameters = lineage.parameters
        manifest.versions = self.versions
        manifest.seed = lineage.parameters["seed"]
        manifest.files = {
            name: known
            for name, known in {**manifest.files, **lineage.hashes.known}.items()
            if Path(name).exists()
        }
        # By the data set itself: the catalog tells of every save.
        self.catalog[self.entry].save(manifest.model_dump())

    def close(self) -> None:
        """Hash this run's files again: now most hashes can be reused by later runs."""
        for name in {x for saved in self._saved.values() for x in saved}:
            if name in self.lineage.paths:
                self.lineage.hashes.hash(self.lineage.paths[name])
        self.write()

    def _raw_hashes(self) -> dict[str, str]:
        hashes = {}
        artifacts = set(self.lineage.paths.values())
        for files in self.lineage.sources.values():
            for path in files.values():
                if path in artifacts:
                    continue  # made by another pipeline
                value = self.lineage.hashes.hash(path)
                if value is not None:
                    hashes[_from(self.project, path)] = value
        for versions in self.lineage.remote.values():
            hashes |= versions
        return hashes


def read_manifest(entry: str, catalog: CatalogProtocol) -> Manifest:
    """Load a manifest; without one, or with a damaged one, begin with an empty one."""
    if not catalog.exists(entry):
        return Manifest()
    try:
        return Manifest.from_json(catalog[entry].load())
    except (DatasetError, ValueError) as error:
        path = catalog[entry]._describe()["filepath"]
        logger.warning(
            "%s can't be read (%s): it is no longer known what made the artifacts; "
            "`kedro run` makes them again",
            path,
            error,
        )
        return Manifest()


def lineage_of(
    catalog: CatalogProtocol,
    project: Path,
    graph: Pipeline,
    configured: dict[str, Any],
    parameters: dict[str, Any],
    manifest: Manifest,
) -> Lineage:
    """Find nodes, files and sources of a graph; arguments as :meth:`RunRecord.open`."""
    producers = {name: node for node in graph.nodes for name in node.outputs}
    raw = [x for x in graph.inputs() if hasattr(catalog.get(x), "files")]
    return Lineage(
        producers=producers,
        paths={
            name: project / configured[name]["filepath"]
            for name in producers
            # A folder of partitions names each by a hash of its inputs.
            if "filepath" in configured.get(name, {})
        },
        sources={
            name: {file: project / path for file, path in catalog[name].files().items()}
            for name in raw
        },
        parameters=parameters,
        manifest=manifest,
        # strict: every file is read again; a flipped bit leaves its time unchanged.
        hashes=FileHashes({} if parameters["strict"] else dict(manifest.files)),
        project=project,
        remote={
            name: catalog[name].remote_hashes() | catalog[name].reading_hashes()
            for name in raw
            if hasattr(catalog[name], "remote_hashes")
        },
    )


def stale_by_cause(
    lineage: Lineage, names: set[str], kinds: tuple[str, ...] = ()
) -> dict[Cause, list[str]]:
    """Collect stale artifacts by cause.

    Args:
        lineage: What is made from what.
        names: Artifacts to look at.
        kinds: Kinds of causes that count; none: all.

    Returns:
        For each cause the names it concerns.
    """
    found: dict[Cause, list[str]] = {}
    for name in sorted(names):
        for cause in lineage.causes(name):
            if not kinds or cause.kind in kinds:
                found.setdefault(cause, []).append(name)
    return found


def _from(project: Path, path: Path) -> str:
    inside = path.is_relative_to(project)
    return (path.relative_to(project) if inside else path).as_posix()
