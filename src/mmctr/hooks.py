"""What happens around every run."""

from pathlib import Path
from typing import Any

import click
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from mmctr.params import check_parameters
from mmctr.summary import SUMMARY_INPUTS, summarize


class ParameterHook:
    """Check every parameter before any work, whichever pipeline is asked for."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Raise one readable error for the whole tree."""
        check_parameters(dict(context.config_loader["parameters"]))


class SummaryHook:
    """Close a run that measured a model with a page that a person can read."""

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Print the summary when the run wrote the metrics."""
        outputs = pipeline.all_outputs()
        if "metrics" not in outputs or not all(
            catalog.exists(name) for name in SUMMARY_INPUTS
        ):
            return
        project = Path(run_params["project_path"])
        described = {name: catalog[name]._describe() for name in sorted(outputs)}
        paths = {
            name: Path(description["filepath"])
            for name, description in described.items()
        }
        click.echo(
            summarize(
                {name: catalog.load(name) for name in SUMMARY_INPUTS},
                paths={
                    name: str(path.relative_to(project))
                    if path.is_relative_to(project)
                    else str(path)
                    for name, path in paths.items()
                },
                dataset=str(catalog.load("params:dataset")),
                env=run_params["env"],
            )
        )
