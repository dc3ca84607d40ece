"""Log runs to MLflow, where the extra ``tracking`` is installed.

kedro-mlflow opens a run of MLflow for every run of Kedro. Without it this module does
nothing and imports nothing.
"""

import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from mmctr import __version__
from mmctr.data.run_differences import run_name
from mmctr.project.hooks.after_run import HISTORY
from mmctr.project.hooks.parameters import ParameterHook

logger = logging.getLogger(__name__)

STEPS, METRICS, BUNDLE = "training_history", "metrics", "bundle"

WRITTEN_BY_HOOKS = ("run_times", "manifest")
"""Reports that no pipeline writes, and every run changes."""

_BATCH = 100  # MLflow takes no more parameters at once
_LONGEST = 500


class TrackingHook:
    """Give the run that kedro-mlflow opened its parameters, metrics and reports."""

    def __init__(self, checked: ParameterHook) -> None:
        """Start without a run.

        Args:
            checked: Has the parameters.
        """
        self._checked = checked
        self._run: str | None = None

    @hook_impl(trylast=True)  # after the plugin's own, which opens the run
    def before_pipeline_run(self) -> None:
        """Note which run of MLflow this is, if any, and name it."""
        mlflow = sys.modules.get("mlflow") if "kedro_mlflow" in sys.modules else None
        active = mlflow.active_run() if mlflow is not None else None
        self._run = active.info.run_id if active is not None else None
        if self._run is not None and (params := self._checked.params) is not None:
            model = params.ctr_modeling.model.name
            _set_name(mlflow.MlflowClient(), self._run, f"{params.dataset} {model}")

    @hook_impl(trylast=True)  # after the hooks that write reports
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Log what the run made; the run's work is done, whatever MLflow says."""
        if self._run is None:
            return
        params = self._checked.params
        if params is None:
            return
        from mlflow import MlflowClient

        outputs = pipeline.all_outputs()
        try:
            client = MlflowClient()
            if name := recorded_name(catalog, str(run_params.get("run_id"))):
                _set_name(client, self._run, name)
            _log_parameters(client, self._run, params.model_dump(mode="json"))
            if STEPS in outputs:
                _log_steps(client, self._run, catalog.load(STEPS))
            if METRICS in outputs:
                now = int(time.time() * 1000)
                for name, value in flatten(catalog.load(METRICS)):
                    if is_number(value):
                        client.log_metric(self._run, name, float(value), timestamp=now)
            for path in report_files(outputs, catalog):
                client.log_artifact(self._run, str(path))
            if BUNDLE in outputs:
                log_bundle(self._run, catalog.load(BUNDLE))
        except Exception as error:
            logger.warning("MLflow has not all of this run: %s", error)


def recorded_name(catalog: CatalogProtocol, session: str) -> str | None:
    """Name a run as the history of its data set does, with its number there.

    Args:
        catalog: Of the run.
        session: Kedro's id of the session.

    Returns:
        Such as ``toys din: training.loss_weight=2 (run 3)``; None where the run is not
        in the history, since it made no metrics.
    """
    runs = catalog[HISTORY].load().runs()
    found = [run for run in runs if run.session == session]
    if not found:
        return None
    return f"{run_name(found[-1], runs[0])} (run {found[-1].number})"


def flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of nested mappings, by its names with dots between them."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def is_number(value: Any) -> bool:
    """Whether MLflow can draw it; a list or a word it can not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def report_files(outputs: set[str], catalog: CatalogProtocol) -> list[Path]:
    """Files of layer ``reporting`` that a run wrote, in the order of their names.

    Args:
        outputs: Data sets that the run's pipeline writes.
        catalog: Of the run.
    """
    files = []
    for name in sorted({*outputs, *WRITTEN_BY_HOOKS}):
        dataset = catalog.get(name)
        viz = (getattr(dataset, "metadata", None) or {}).get("kedro-viz", {})
        path = dataset._describe().get("filepath") if dataset is not None else None
        if viz.get("layer") == "reporting" and path and Path(path).is_file():
            files.append(Path(path))
    return files


def log_bundle(run: str, folder: Path) -> str:
    """Log a bundle as a model that ``mlflow models serve`` answers with.

    Args:
        run: The id of MLflow's run.
        folder: That of the bundle, which is copied.

    Returns:
        Where MLflow finds the model.
    """
    import mlflow

    # By its file: MLflow runs it when it loads the model, and nothing is pickled.
    code = find_spec("mmctr.serving.mlflow_model")
    active = mlflow.active_run()
    is_open = active is not None and active.info.run_id == run
    with nullcontext() if is_open else mlflow.start_run(run_id=run, nested=True):
        logged = mlflow.pyfunc.log_model(
            name=BUNDLE,
            python_model=code.origin,
            artifacts={BUNDLE: str(folder)},
            pip_requirements=[f"mmctr=={__version__}"],
        )
    return logged.model_uri


def _set_name(client: Any, run: str, name: str) -> None:
    client.set_tag(run, "mlflow.runName", name)


def _log_parameters(client: Any, run: str, tree: dict[str, Any]) -> None:
    from mlflow.entities import Param

    leaves = [Param(name, str(value)[:_LONGEST]) for name, value in flatten(tree)]
    for start in range(0, len(leaves), _BATCH):
        client.log_batch(run, params=leaves[start : start + _BATCH])


def _log_steps(client: Any, run: str, history: dict[str, Any]) -> None:
    for validation in history["validations"]:
        for name, value in validation.items():
            if name != "step" and is_number(value):
                step = int(validation["step"])
                client.log_metric(run, f"training.{name}", float(value), step=step)
