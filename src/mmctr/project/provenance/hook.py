"""Check a run against existing artifacts, and record what it makes from what."""

import logging
from pathlib import Path
from threading import Lock
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from mmctr.pipeline_registry import register_pipelines
from mmctr.project.hooks.parameters import ParameterHook
from mmctr.project.provenance.run_record import RunRecord, stale_by_cause
from mmctr.project.provenance.staleness import Cause, describe_causes
from mmctr.project.provenance.versions import code_versions

logger = logging.getLogger(__name__)

MANIFESTS = {
    "sample": "sample_manifest",
    "evidence": "evidence_manifest",
    "": "manifest",
}
"""Catalog entries, by how the names of the artifacts begin: the manifest of the
synthetic data set, that of the evidence over several, and that of all that is made from
one data set. They are one file where the data sets have one name."""


_SELF_CONTAINED = {"bundle"}
"""Artifacts that hold the parameters they were made with, and need none of a run."""


class ManifestHook:
    """Keep ``manifest.json``, and refuse or warn about stale inputs."""

    def __init__(self, checked: ParameterHook) -> None:
        """Start without a run.

        Args:
            checked: Has the configuration.
        """
        self._checked = checked
        self._records: dict[str, RunRecord] = {}
        self._planned: list[Node] = []
        self._lock = Lock()  # a ThreadRunner saves from several threads

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Check that the artifacts that the run builds on fit it.

        Raises:
            ValueError: If they don't, and ``strict`` is set.
        """
        context, params = self._checked.context, self._checked.params
        if context is None or params is None:
            return
        self._records = _open_records(context, params.model_dump(mode="json"), catalog)
        only_missing = bool(run_params.get("only_missing_outputs"))
        if only_missing:
            for name in self._stale(pipeline):
                catalog[name].mark_stale()
        self._planned = [
            node
            for node in pipeline.nodes
            if not (only_missing and all(map(catalog.exists, node.outputs)))
        ]
        made = {name for node in self._planned for name in node.outputs}
        needed = {name for node in self._planned for name in node.inputs} - made
        changed = self._changed(needed)
        if changed and not params.accept_changed:
            raise ValueError(self._refusal_of(changed, run_params.get("env")))
        mixed = self._stale_by_cause(needed - _SELF_CONTAINED)
        if mixed and params.strict:
            raise ValueError(f"{_warn_of(mixed)}\nRefused, as strict is true")
        if mixed:
            logger.warning(_warn_of(mixed))

    @hook_impl
    def before_dataset_loaded(self, node: Node) -> None:
        """Hash a node's inputs before it runs."""
        record = self._record_of(node)
        if record is not None:
            with self._lock:
                record.begin(node)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Record a node as soon as its last output is saved."""
        record = self._record_of(node)
        if record is not None:
            with self._lock:
                record.note_output(node, dataset_name)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Record what other processes saved, and the run's parameters."""
        for node in self._planned:
            record = self._record_of(node)
            if record is not None and node.name not in record.noted:
                record.note(node)
        for place in {_place_of(node) for node in self._planned}:
            self._records[place].close()

    def _record_of(self, node: Node) -> RunRecord | None:
        return self._records.get(_place_of(node))

    def _stale(self, pipeline: Pipeline) -> set[str]:
        """Outputs of a pipeline that exist but are stale.

        Raw files may be the user's own: they are overwritten only if this project
        wrote them, for other parameters.
        """
        outputs = pipeline.all_outputs()
        return {
            name
            for place, record in self._records.items()
            for names in stale_by_cause(
                record.lineage,
                outputs & set(record.lineage.paths),
                kinds=("other",) if place == "sample" else (),
            ).values()
            for name in names
        }

    def _changed(self, names: set[str]) -> list[str]:
        """Inputs whose file is not the one that was saved."""
        return [
            cause.artifact
            for cause, _ in self._stale_by_cause(names).items()
            if cause.kind == "changed" and cause.artifact in names
        ]

    def _refusal_of(self, changed: list[str], env: str | None) -> str:
        lineage = self._records[""].lineage
        lines = [
            f"- {file} is a link, which is not followed"
            if file is not None and file.is_symlink()
            else f"- {file} is not the file that {lineage.producers[name].name} saved"
            for name in changed
            for file in [lineage.changed_file(name)]
        ]
        pipelines = {_pipeline_of(lineage.producers[name]) for name in changed}
        option = "--pipeline" if len(pipelines) == 1 else "--pipelines"
        words = [option, ",".join(sorted(pipelines)), "--only-missing-outputs"]
        words += ["--env", env] if env else []
        listed = "\n".join(lines)
        return (
            f"Damaged, changed by hand, or left by a run that was killed:\n{listed}\n"
            f"Make them again: `kedro run {' '.join(words)}`, with the same --params. "
            "If the edit was intentional: --params accept_changed=true"
        )

    def _stale_by_cause(self, names: set[str]) -> dict[Cause, list[str]]:
        lineage = self._records[""].lineage
        return stale_by_cause(
            lineage, {x for x in names if _exists(lineage.paths.get(x))}
        )


def graphs() -> dict[str, Pipeline]:
    """All nodes whose outputs each manifest records, by its key in `MANIFESTS`."""
    nodes = {node for each in register_pipelines().values() for node in each.nodes}
    return {
        place: Pipeline([node for node in nodes if _place_of(node) == place])
        for place in MANIFESTS
    }


def manifest_entries(pipeline: Pipeline) -> set[str]:
    """Catalog names of the manifests of the data sets that a pipeline writes."""
    return {MANIFESTS[_place_of(node)] for node in pipeline.nodes}


def manifest_files(pipeline: Pipeline, catalog: CatalogProtocol) -> list[Path]:
    """Paths of these manifests, in order."""
    entries = manifest_entries(pipeline)
    return sorted({Path(catalog[x]._describe()["filepath"]) for x in entries})


def _open_records(
    context: KedroContext, parameters: dict[str, Any], catalog: CatalogProtocol
) -> dict[str, RunRecord]:
    configured, versions = dict(context.config_loader["catalog"]), code_versions()
    graph = graphs()
    return {
        place: RunRecord.open(
            entry,
            catalog,
            project=Path(context.project_path),
            graph=graph[place],
            configured=configured,
            parameters=parameters,
            versions=versions,
        )
        for place, entry in MANIFESTS.items()
    }


def _place_of(node: Node) -> str:
    """Key in :data:`MANIFESTS`: which data set a node writes."""
    return next(
        place
        for place in MANIFESTS
        if all(name.startswith(place) for name in node.outputs)
    )


def _pipeline_of(node: Node) -> str:
    """The pipeline that writes what a node makes."""
    return next(
        name
        for name, pipeline in register_pipelines().items()
        if name != "__default__" and node in pipeline.nodes
    )


def _exists(path: Path | None) -> bool:
    return path is not None and path.exists()


def _warn_of(mixed: dict[Cause, list[str]]) -> str:
    return (
        "This run builds on artifacts that do not fit its parameters or inputs:\n"
        f"{describe_causes(mixed)}\n"
        "Use the parameters and files that they were made with, or make them again: "
        " `kedro run --only-missing-outputs`, with this --env and --params"
    )
