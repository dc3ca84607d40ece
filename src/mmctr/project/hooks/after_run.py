"""What is printed, saved and removed when nodes and runs end."""

import logging
from pathlib import Path
from typing import Any

import click
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, DatasetError
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from mmctr.experiments.tuning.best import best_config
from mmctr.project.hooks.node_times import RunTimes, describe_total
from mmctr.project.hooks.parameters import ParameterHook
from mmctr.project.next_commands import ARGUMENTS, next_commands
from mmctr.project.paths import resolve_path
from mmctr.reporting.closing_page import SUMMARY_INPUTS, summarize

logger = logging.getLogger(__name__)

TIMES = "run_times"
"""The data set that this module writes; no pipeline does."""

TIMES_SO_FAR = "times_so_far"
"""The same file as a node of the run itself reads it."""

HISTORY = "run_history"
"""Written here too."""

BEST_CONFIG = "tuning_best"
"""Written here too: the environment's name is not among a pipeline's inputs."""

ABLATION_PAGE = "ablation_page"

EVIDENCE_PAGE = "evidence_page"

TRAINING = "train_model"
"""The node that keeps checkpoints."""

PREDICTION = "score_log"
"""The node that keeps pieces."""

REPORT = "report"

_RESULTS = (REPORT, "bundle", "submission")
"""What a run ends with the paths of."""


class CheckpointHook:
    """Remove the checkpoints of a training once its results are saved."""

    def __init__(self, checked: ParameterHook) -> None:
        """Start without a run.

        Args:
            checked: Has the parameters.
        """
        self._checked = checked
        self._saved: set[str] = set()

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Forget the runs before, of the same process."""
        self._saved = set()

    # After the manifest has recorded the results: unrecorded ones count as missing.
    @hook_impl(trylast=True)
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Remove what is kept of finished trainings, when the last result is saved."""
        context, params = self._checked.context, self._checked.params
        if node.name != TRAINING or context is None or params is None:
            return
        self._saved.add(dataset_name)
        own = params.ctr_modeling.checkpoint.folder
        folders = [own and resolve_path(own, Path(context.project_path))]
        folders.append(params.scale.checkpoints)
        if self._saved >= set(node.outputs):
            # torch takes a second to import; after a training it is there.
            from mmctr.runtime.checkpoint_files import remove_finished

            for folder in filter(None, folders):
                remove_finished(folder)


class PredictionHook:
    """Remove the pieces of scored logs once the predictions are saved."""

    def __init__(self, checked: ParameterHook) -> None:
        """Start without a run.

        Args:
            checked: Has the parameters.
        """
        self._checked = checked

    @hook_impl(trylast=True)
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Remove them when the last result of the node is saved, its report."""
        context, params = self._checked.context, self._checked.params
        if node.name != PREDICTION or context is None or params is None:
            return
        if dataset_name == node.outputs[-1]:
            from mmctr.serving.prediction.store import remove_finished

            folder = resolve_path(params.predict.folder, Path(context.project_path))
            remove_finished(folder)


class RunTimesHook:
    """Record the time of every node, and print it after every run."""

    def __init__(self) -> None:
        """Begin with an empty record."""
        self._times = RunTimes()
        self._catalog: CatalogProtocol | None = None

    @hook_impl
    def before_pipeline_run(self, catalog: CatalogProtocol) -> None:
        """Forget the runs before, of the same process."""
        self._times = RunTimes()
        self._catalog = catalog

    @hook_impl
    def before_dataset_loaded(self, dataset_name: str, node: Node) -> None:
        """A node begins with its first input; one that asks for times has them all."""
        self._times.begin(node.name)
        if dataset_name == TIMES_SO_FAR and self._catalog is not None:
            self._save(self._catalog)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Or with its function, where it has none."""
        self._times.begin(node.name)

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """It ends with its function."""
        self._times.reach(node.name, _pipeline_of(node))

    @hook_impl
    def after_dataset_saved(self, node: Node) -> None:
        """Or with its last output, where it has one."""
        self._times.reach(node.name, _pipeline_of(node))

    # Before the page of SummaryHook, which is to stay in sight.
    @hook_impl(tryfirst=True)
    def after_pipeline_run(self, catalog: CatalogProtocol) -> None:
        """Save the record beside the data set's other reports, and print its sum.

        Nodes of earlier runs keep their place in the file.
        """
        report = self._save(catalog)
        if report is not None:
            click.echo(f"\n{describe_total(report)}")

    def _save(self, catalog: CatalogProtocol) -> dict[str, Any] | None:
        """Save what is known by now, if anything ran; a failure is only logged."""
        try:
            earlier = catalog.load(TIMES) if catalog.exists(TIMES) else None
            report = self._times.report(earlier)
            if report["last_run"]["nodes"]:
                # By the data set itself: the catalog tells hooks of every save.
                catalog[TIMES].save(report)
                return report
        except (DatasetError, AttributeError, KeyError, TypeError) as error:
            logger.warning("no times: %s: %s", type(error).__name__, error)
        return None


class SummaryHook:
    """Print a summary after a run that measured models."""

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Print the summary when the run wrote the metrics, an experiment's page too.

        Of a run that wrote the report, predictions or an export alone, their paths.

        The run's work is done and saved: a summary that can't be made is not its
        failure.
        """
        outputs = sorted(pipeline.all_outputs())
        project = Path(run_params["project_path"])
        for page in (ABLATION_PAGE, EVIDENCE_PAGE):
            if page in outputs:
                _show_page(catalog, page)
        if "metrics" not in outputs:
            wanted = (REPORT, "predictions", "predict_page", "export")
            pages = [name for name in wanted if name in outputs]
            for name, path in _file_paths(catalog, pages, project).items():
                click.echo(f"{name}: {path}")
            return
        try:
            missing = [name for name in SUMMARY_INPUTS if not catalog.exists(name)]
            if missing:
                logger.warning("no summary: %s is missing", ", ".join(missing))
                return
            paths = _file_paths(catalog, outputs, project)
            given = run_params.get("runtime_params") or {}
            page = summarize(
                {name: catalog.load(name) for name in SUMMARY_INPUTS},
                dataset=str(catalog.load("params:dataset")),
                results={x: paths[x] for x in _RESULTS if x in paths},
                commands=next_commands(
                    _arguments(),
                    paths,
                    run_params["env"],
                    given.get("dataset"),
                    catalog[HISTORY].load().last_comparable(),
                ),
            )
        except (
            *(AttributeError, DatasetError, KeyError, TypeError, ValueError),
        ) as error:
            logger.warning("no summary: %s: %s", type(error).__name__, error)
            return
        click.echo(page)


class TuningHook:
    """Close a run of tuning with its page and the best trial as a file to run."""

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Write the file, if the run reported trials, and print the page."""
        outputs = pipeline.all_outputs()
        if "tuning" not in outputs:
            return
        config = best_config(
            catalog.load("tuning"),
            run_params["env"],
            run_params.get("runtime_params") or {},
        )
        catalog.save(BEST_CONFIG, config)
        project = Path(run_params["project_path"])
        path = _file_paths(catalog, [BEST_CONFIG], project)[BEST_CONFIG]
        if "tuning_page" in outputs:
            _show_page(catalog, "tuning_page")
        click.echo(f"The best trial: kedro run --config {path}\n")


def _show_page(catalog: CatalogProtocol, name: str) -> None:
    """Print a page that the run wrote; the run's work is done, whatever it holds."""
    try:
        click.echo(f"\n{catalog.load(name)}")
    except DatasetError as error:
        logger.warning("no page: %s", error)


def _pipeline_of(node: Node) -> str:
    """Its namespace, which is named after the pipeline."""
    return node.namespace or node.name


def _arguments() -> list[str]:
    """Those of the command line, if a command runs."""
    context = click.get_current_context(silent=True)
    return [] if context is None else context.meta.get(ARGUMENTS, [])


def _file_paths(
    catalog: CatalogProtocol, names: list[str], project: Path
) -> dict[str, str]:
    """Where data sets lie, as seen from here; those in memory are left out."""
    paths = {}
    for name in names:
        filepath = catalog[name]._describe().get("filepath")
        if filepath:
            path = Path(filepath)
            inside = path.is_relative_to(project) and project == Path.cwd()
            paths[name] = str(path.relative_to(project) if inside else path)
    return paths
