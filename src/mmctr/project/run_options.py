"""Check the names that options of ``kedro run`` refer to."""

import importlib
import inspect
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from kedro import runner as kedro_runners
from kedro.framework.project import settings
from kedro.pipeline import Pipeline
from kedro.runner import AbstractRunner, ParallelRunner
from kedro.utils import find_kedro_project

from mmctr.pipeline_registry import register_pipelines
from mmctr.runtime.suggestions import suggest

# Kedro's default environment; its folder may be empty.
_LOCAL = "local"


def check_run_options(options: dict[str, Any]) -> None:
    """Check environment, pipelines, nodes, data sets and runner before any work.

    Args:
        options: Values by the names that ``kedro run`` has for them.

    Raises:
        click.UsageError: Naming the option, its value and the nearest known name.
    """
    check_environment(options.get("env"), options.get("conf_source"))
    _check_runner(options.get("runner"), options.get("runner_params") or {})
    pipelines = register_pipelines()
    named = [
        x for x in (options.get("pipeline"), *(options.get("pipelines") or ())) if x
    ]
    _require_known("--pipeline", named, pipelines)
    chosen = sum(
        (pipelines[name] for name in named or ["__default__"]), start=Pipeline([])
    )
    nodes = {node.name for node in chosen.nodes}
    tags = {tag for node in chosen.nodes for tag in node.tags}
    spaces = {node.namespace for node in chosen.nodes if node.namespace}
    for option, name, known in (
        ("--nodes", "node_names", nodes),
        ("--from-nodes", "from_nodes", nodes),
        ("--to-nodes", "to_nodes", nodes),
        ("--from-inputs", "from_inputs", chosen.datasets()),
        ("--to-outputs", "to_outputs", chosen.datasets()),
        ("--tags", "tags", tags),
        ("--namespaces", "namespaces", spaces),
    ):
        where = f" of pipeline {'+'.join(named)}" if named else ""
        _require_known(option, options.get(name) or (), known, where)


def check_environment(env: str | None, conf_source: str | None = None) -> None:
    """Check that an environment has a folder.

    Args:
        env: Its name; None: that of the variable ``KEDRO_ENV``, if it is set.
        conf_source: The folder of environments; None: the project's.

    Raises:
        click.UsageError: Naming the nearest known environment.
    """
    project = find_kedro_project(Path.cwd())
    folder = Path(conf_source or (project or Path.cwd()) / settings.CONF_SOURCE)
    name, option = env, "--env"
    if not name:
        name, option = os.environ.get("KEDRO_ENV"), "KEDRO_ENV"
    if not name or name == _LOCAL or not folder.is_dir():
        return
    known = [each.name for each in folder.iterdir() if each.is_dir()]
    _require_known(option, [name], [x for x in known if not x.startswith(".")])


def _require_known(
    option: str, names: Iterable[str], known: Iterable[str], where: str = ""
) -> None:
    known = set(known)
    for name in names:
        if name not in known:
            raise click.UsageError(
                f"{option}: there is no '{name}'{where}; {suggest(name, known)}"
            )


def _check_runner(name: str | None, params: dict[str, Any]) -> None:
    kind = _runner_class(name or "SequentialRunner")
    if issubclass(kind, ParallelRunner):
        raise click.UsageError(
            f"--runner: {kind.__name__} passes data between processes, which some of "
            "this project's data sets can't do; use ThreadRunner or SequentialRunner"
        )
    known = set(inspect.signature(kind).parameters)
    _require_known("--runner-params", params, known, f" for {kind.__name__}")


def _runner_class(name: str) -> type[AbstractRunner]:
    module, _, attribute = name.rpartition(".")
    if module in ("", "kedro.runner"):
        known = [x for x in kedro_runners.__all__ if x != "AbstractRunner"]
        runners = [x for x in known if x.endswith("Runner")]
        _require_known("--runner", [attribute], runners)
        module = "kedro.runner"
    try:
        kind = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise click.UsageError(f"--runner: there is no '{name}' ({error})") from error
    if not (isinstance(kind, type) and issubclass(kind, AbstractRunner)):
        raise click.UsageError(f"--runner: '{name}' is not a Kedro runner")
    return kind
