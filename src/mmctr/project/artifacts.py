"""``mmctr artifacts``: every file that runs made of a data set."""

from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol

from mmctr.project.hooks.after_run import TIMES
from mmctr.project.hooks.node_times import describe_times
from mmctr.project.opened import opened_project
from mmctr.project.provenance.hook import MANIFESTS
from mmctr.project.provenance.run_record import read_manifest
from mmctr.reporting.words import moment

_UNITS = ("B", "KB", "MB", "GB", "TB")


def list_artifacts(env: str | None, runtime_params: dict[str, Any]) -> str:
    """Write what there is of a data set, and what the last run took.

    Args:
        env: The environment; None for the default.
        runtime_params: Of ``--params``.

    Returns:
        A line for each artifact: size, time, node and path; then times of nodes.

    Raises:
        click.ClickException: If the configuration is refused.
    """
    with opened_project(env, runtime_params) as context:
        catalog, project = context.catalog, Path(context.project_path)
        made = read_manifest(MANIFESTS[""], catalog).made
        rows = [("artifact", "size", "made", "by", "path")]
        for name in sorted(made):
            if path := _path_of(catalog, name):
                inside = path.is_relative_to(project)
                shown = path.relative_to(project) if inside else path
                at, node = moment(made[name].get("at")), made[name]["node"]
                rows.append((name, _size(path), at, node, str(shown)))
        dataset = catalog.load("params:dataset")
        times = catalog.load(TIMES) if catalog.exists(TIMES) else None
    if len(rows) == 1:
        return f"nothing was made of the data set {dataset} yet: kedro run makes it"
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(f"{cell:{n}}" for cell, n in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, *(("", describe_times(times)) if times else ())])


def _path_of(catalog: CatalogProtocol, name: str) -> Path | None:
    filepath = catalog[name]._describe().get("filepath") if name in catalog else None
    return Path(filepath) if filepath else None


def _size(path: Path) -> str:
    """Write how large a file is, or all files of a folder."""
    if not path.exists():
        return "missing"
    files = [path] if path.is_file() else [x for x in path.rglob("*") if x.is_file()]
    size: float = sum(file.stat().st_size for file in files)
    for unit in _UNITS:
        if size < 1000 or unit == _UNITS[-1]:
            break
        size /= 1000
    return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"
