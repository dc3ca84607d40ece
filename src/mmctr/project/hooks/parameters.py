"""Check parameters before a run, and keep them for the other hooks."""

import os
from pathlib import Path
from typing import Any

import click
from kedro.config import AbstractConfigLoader, MissingConfigException
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from omegaconf import OmegaConf

from mmctr.project.own_code import load_own_code
from mmctr.project.params import ProjectParams, check_parameters
from mmctr.project.paths import resolve_paths

KEY_VARIABLE = "OPENAI_API_KEY"


class ParameterHook:
    """Check every parameter before any work, whichever pipeline is asked for.

    The other hooks get this one, and read ``context`` and ``params`` of it.
    """

    def __init__(self) -> None:
        """Start without a context."""
        self.context: KedroContext | None = None
        self.params: ProjectParams | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Raise one readable error for the whole tree, for any of Kedro's commands."""
        self.context = context
        try:
            self.params = check_parameters(dict(context.config_loader["parameters"]))
        except ValueError as error:
            if click.get_current_context(silent=True) is None:
                raise
            raise click.ClickException(str(error)) from error

    @hook_impl
    def after_catalog_created(self, catalog: CatalogProtocol) -> None:
        """Give nodes full paths: relative ones start at the project's folder."""
        if self.context is None:
            return
        for section in ("embedding", "ctr_modeling", "predict"):
            # By the data set itself: the catalog warns about a replaced entry.
            dataset = catalog[f"params:{section}"]
            dataset.save(
                resolve_paths(section, dataset.load(), Path(self.context.project_path))
            )

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline) -> None:
        """Import code from elsewhere that the run is going to use."""
        if self.params is not None:
            used = [x.removeprefix("params:") for x in pipeline.inputs()]
            load_own_code(self.params, used)


class CredentialsHook:
    """Pass the key of ``credentials.yml`` on to the SDK that needs it.

    It is passed like a key that was exported, so that it enters neither the catalog
    nor the parameters. An exported key takes precedence.
    """

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Set the variable, if the environment's file or local's has a key.

        Raises:
            ValueError: If the file has another form; its content is not repeated.
        """
        if os.environ.get(KEY_VARIABLE):
            return
        loader = context.config_loader
        section = _openai_credentials(loader) or _local_credentials(loader.conf_source)
        if section is None:
            return
        key = section.get("api_key") if isinstance(section, dict) else None
        if not isinstance(key, str):
            raise ValueError(
                "credentials.yml: `openai` has an unexpected form; write "
                "`openai: {api_key: YOUR KEY}`, the key in quotes"
            )
        os.environ[KEY_VARIABLE] = key


def _openai_credentials(loader: AbstractConfigLoader) -> Any:
    try:
        return loader["credentials"].get("openai")
    except MissingConfigException:
        return None


def _local_credentials(conf_source: str) -> Any:
    """Read them from ``local``, which Kedro skips when another environment is chosen.

    A second config loader can't do it: the latest loader registers Kedro's resolvers
    (``globals:`` and the like), and the run would read another environment.
    """
    for file in sorted((Path(conf_source) / "local").glob("**/credentials*.y*ml")):
        section = OmegaConf.to_container(OmegaConf.load(file), resolve=True)
        if isinstance(section, dict) and "openai" in section:
            return section["openai"]
    return None
