"""``kedro doctor``: run every check."""

from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext

from mmctr.data.datasets.raw_log import RawLog
from mmctr.project.doctor import data_set, machine
from mmctr.project.doctor.cluster import check_cluster
from mmctr.project.doctor.findings import Finding, Level
from mmctr.project.doctor.modalities import describe_modalities
from mmctr.project.opened import opened_project
from mmctr.project.params import ProjectParams, check_parameters
from mmctr.project.provenance.hook import MANIFESTS, graphs
from mmctr.project.provenance.run_record import lineage_of, read_manifest
from mmctr.project.provenance.staleness import Lineage
from mmctr.runtime.free_memory import available_memory


def examine(env: str | None, runtime_params: dict[str, Any]) -> list[Finding]:
    """Check machine, configuration and data set as a run with these options has them.

    Args:
        env: The environment; None for the default.
        runtime_params: Of ``--params``.

    Returns:
        Findings, in the order of the checks.

    Raises:
        click.ClickException: If the configuration itself is refused.
    """
    otherwise = ", or name the folder of a bundle: mmctr doctor BUNDLE"
    with opened_project(env, runtime_params, otherwise) as context:
        params = check_parameters(dict(context.config_loader["parameters"]))
        return _examine(context, params, _again(env, runtime_params))


def _examine(context: KedroContext, params: ProjectParams, again: str) -> list[Finding]:
    project, catalog = Path(context.project_path), context.catalog
    source = catalog["source"]
    raw_bytes = source.size()
    devices = {params.device, params.ctr_modeling.device, params.quantization.device}
    pyproject = project / "pyproject.toml"
    extras = ["images"] if params.embedding.images.path else []
    extras += ["s3"] if params.raw_dir.startswith("s3://") else []
    named = params.embedding.modalities.items()
    modalities = {each.column: name for name, each in named if each and each.column}
    is_log = isinstance(source, RawLog)
    is_prepared = is_log and catalog.exists("data_audit")
    audit = catalog.load("data_audit") if is_prepared else None
    manifest = Path(catalog[MANIFESTS[""]]._describe()["filepath"])
    raw = data_set.check_raw_files(source, _raw_remedy(params, again))
    columns = []
    if all(each.level is Level.OK for each in raw):
        # Otherwise they would only say the same again.
        columns = [
            *data_set.check_first_rows(source),
            *data_set.describe_fields(source, params.fields, modalities),
            *data_set.check_known_users(audit, params.fields),
            describe_modalities(catalog["item_contents"].load, params.embedding),
        ]
    return [
        machine.check_python(pyproject),
        *machine.check_requirements(pyproject, extras),
        *machine.check_device(devices),
        machine.check_disk(project / "data", raw_bytes),
        machine.check_memory(raw_bytes, available_memory()),
        *check_cluster(params.scale),
        data_set.check_credentials(params),
        *raw,
        *columns,
        *data_set.check_named_files(params, project),
        *data_set.check_own_code(params),
        *data_set.check_artifacts(
            _lineage(context, params), f"kedro run --only-missing-outputs{again}"
        ),
        data_set.check_lock(manifest.parent),
    ]


def _lineage(context: KedroContext, params: ProjectParams) -> Lineage:
    catalog = context.catalog
    return lineage_of(
        catalog,
        Path(context.project_path),
        graphs()[""],
        dict(context.config_loader["catalog"]),
        params.model_dump(mode="json"),
        read_manifest(MANIFESTS[""], catalog),
    )


def _raw_remedy(params: ProjectParams, again: str) -> str:
    remedy = "fix them, or name another folder (--params raw_dir=DIR)"
    if Path(params.raw_dir).name == params.sample.name:
        remedy += f"; for the synthetic ones: kedro run --pipeline sample{again}"
    return remedy


def _again(env: str | None, runtime_params: dict[str, Any]) -> str:
    """The options of this command, to be added to another."""
    text = f" --env {env}" if env else ""
    return f"{text} and the same --params or --config" if runtime_params else text
