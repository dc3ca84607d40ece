"""Add a run to the history of its data set once its metrics are saved."""

import logging
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, DatasetError
from kedro.pipeline import Pipeline

from mmctr.data.earlier_runs import METRICS
from mmctr.data.judged_rows import JudgedRows
from mmctr.data.run_history import PastRun, RunHistory
from mmctr.data.run_parameters import made_of
from mmctr.project.hooks.after_run import HISTORY, REPORT, TIMES
from mmctr.project.hooks.parameters import ParameterHook
from mmctr.project.provenance.hook import MANIFESTS
from mmctr.project.provenance.manifest import Manifest
from mmctr.project.provenance.run_record import read_manifest
from mmctr.reporting.model_sections import judged_part

logger = logging.getLogger(__name__)

_KEPT = ("auc", "gauc", "logloss", "ne", "ece")


class RunHistoryHook:
    """Keep what the next run of the data set overwrites."""

    def __init__(self, checked: ParameterHook) -> None:
        """Start without a run.

        Args:
            checked: Has the parameters.
        """
        self._checked = checked

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Add the run if it made metrics, and its report; a failure is only logged."""
        params, outputs = self._checked.params, pipeline.all_outputs()
        if params is None or not outputs & {METRICS, REPORT}:
            return
        try:
            manifest = read_manifest(MANIFESTS[""], catalog)
            history: RunHistory = catalog[HISTORY].load()
            at = manifest.made[METRICS].get("at", "")
            # The metrics may be those of an earlier run.
            run = next((run for run in history.runs() if run.at == at), None)
            if run is None:
                session = str(run_params.get("run_id", ""))
                run = _add(history, manifest, catalog, session, params.comparable_runs)
            if _has_report(manifest):
                history.keep_report(run, catalog[REPORT].load())
        except (DatasetError, OSError, KeyError, TypeError, ValueError) as error:
            logger.warning(
                "this run is not in the history: %s: %s", type(error).__name__, error
            )


def _add(
    history: RunHistory,
    manifest: Manifest,
    catalog: CatalogProtocol,
    session: str,
    comparable: int,
) -> PastRun:
    # By the data sets themselves: the catalog tells hooks of every load.
    metrics = catalog[METRICS].load()
    part = judged_part(metrics)
    predictions = catalog[f"{part}_predictions"].load()
    rows = JudgedRows.of(catalog[part].load(), predictions)
    entry, tree = manifest.made[METRICS], manifest.parameters
    parameters, inputs = made_of(manifest.made, METRICS, manifest.seed)
    times = catalog[TIMES].load() if catalog[TIMES].exists() else {}
    last = times.get("last_run", {"nodes": []})
    # Else this run has only found the metrics of a run without a history.
    is_of_now = entry["node"] in last["nodes"]

    def describe(number: int) -> PastRun:
        return PastRun(
            number=number,
            at=entry.get("at", ""),
            session=session if is_of_now else "",
            dataset=str(tree["dataset"]),
            model=str(parameters["ctr_modeling.model.name"]),
            part=part,
            rows=len(rows.labels),
            users=int(rows.users.max(initial=-1)) + 1,
            rows_key=rows.key,
            metrics={name: metrics[part][name] for name in _KEPT},
            seconds=last["seconds"] if is_of_now else None,
            commit=entry.get("commit"),
            version=manifest.versions.get("mmctr"),
            parameters=parameters,
            inputs=inputs,
        )

    probabilities = predictions["probability"].to_numpy()
    return history.add(describe, rows, probabilities, comparable)


def _has_report(manifest: Manifest) -> bool:
    """Whether the report was made from the metrics as they are."""
    if REPORT not in manifest.made:
        return False
    used = manifest.made[REPORT]["inputs"].get(METRICS)
    return used is not None and used == manifest.outputs.get(METRICS)
