"""What MLflow is told; without it nothing happens and nothing is imported."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline
from past_runs import past_run

from mmctr.data.run_history import PastRun
from mmctr.project.hooks.mlflow import (
    TrackingHook,
    flatten,
    is_number,
    recorded_name,
    report_files,
)

METRICS = {"test": {"auc": 0.75, "auc_interval": [0.7, 0.8]}, "valid": None}
HISTORY = {
    "validations": [{"step": 10, "auc": 0.6}, {"step": 20, "auc": 0.7}],
}


@pytest.fixture
def catalog(tmp_path: Path) -> DataCatalog:
    """Metrics and history of a run, and a table that is no report."""

    def entry(name: str, layer: str) -> dict[str, Any]:
        return {
            "type": "mmctr.data.datasets.AtomicDataset",
            "dataset": "json.JSONDataset",
            "filepath": str(tmp_path / f"{name}.json"),
            "metadata": {"kedro-viz": {"layer": layer}},
        }

    catalog = DataCatalog.from_config(
        {
            "metrics": entry("metrics", "reporting"),
            "training_history": entry("training_history", "reporting"),
            "manifest": entry("manifest", "reporting"),
            "tuning": entry("tuning", "reporting"),
            "settings": entry("settings", "models"),
            "run_history": {
                "type": "mmctr.data.datasets.RunHistoryDataset",
                "path": str(tmp_path / "history"),
            },
        }
    )
    catalog.save("metrics", METRICS)
    catalog.save("training_history", HISTORY)
    for name in ("manifest", "tuning", "settings"):
        catalog.save(name, {})
    return catalog


PIPELINE = Pipeline(
    [Node(lambda x: x, "x", ["metrics", "training_history", "settings"], name="train")]
)


def test_leaves_of_a_tree_have_dotted_names():
    leaves = dict(flatten({"a": {"b": 1, "c": {"d": "x"}}, "e": None}))
    assert leaves == {"a.b": 1, "a.c.d": "x", "e": None}


def test_only_numbers_are_drawn():
    assert [is_number(x) for x in (1, 0.5, True, None, "1", [1])] == [
        *[True] * 2,
        *[False] * 4,
    ]


def test_reports_of_this_run_are_logged_and_nothing_else(catalog):
    files = report_files(PIPELINE.all_outputs(), catalog)
    names = [file.name for file in files]
    assert names == ["manifest.json", "metrics.json", "training_history.json"]


def write_runs(folder: Path, *runs: PastRun) -> None:
    folder.mkdir()
    for run in runs:
        path = folder / f"{run.number:04}.json"
        path.write_text(run.model_dump_json())


def test_a_run_is_named_as_the_history_names_it(catalog, tmp_path):
    assert recorded_name(catalog, "2027") is None
    later = past_run(2, session="2027", parameters={"seed": 2})
    write_runs(tmp_path / "history", past_run(1, session="2026"), later)
    assert recorded_name(catalog, "2027") == "toys din: seed=2 (run 2)"
    assert recorded_name(catalog, "2028") is None


def test_nothing_is_imported_and_nothing_happens_without_the_extra():
    code = (
        "import sys\n"
        "sys.modules['mlflow'] = sys.modules['kedro_mlflow'] = None\n"
        "del sys.modules['mlflow'], sys.modules['kedro_mlflow']\n"
        "import mmctr.settings\n"
        "from mmctr.project.hooks.mlflow import TrackingHook\n"
        "hook = TrackingHook(checked=None)\n"
        "hook.before_pipeline_run()\n"
        "hook.after_pipeline_run(run_params=None, pipeline=None, catalog=None)\n"
        "sys.exit('mlflow' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(
    importlib.util.find_spec("kedro_mlflow") is None,
    reason="needs kedro-mlflow: pip install -e '.[tracking]'",
)
def test_a_store_has_parameters_metrics_by_step_and_files(catalog, tmp_path):
    import kedro_mlflow  # noqa: F401
    import mlflow

    model = SimpleNamespace(model=SimpleNamespace(name="din"))
    params = SimpleNamespace(
        dataset="toys", ctr_modeling=model, model_dump=lambda mode: {"seed": 3}
    )
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    mlflow.create_experiment("runs", artifact_location=(tmp_path / "files").as_uri())
    hook = TrackingHook(SimpleNamespace(params=params))
    run = mlflow.start_run(experiment_id=mlflow.set_experiment("runs").experiment_id)
    hook.before_pipeline_run()
    mlflow.end_run()
    client = mlflow.MlflowClient()
    assert client.get_run(run.info.run_id).info.run_name == "toys din"
    past = past_run(1, session="2026", parameters={"seed": 1})
    write_runs(tmp_path / "history", past, past_run(2, session="2027"))
    hook.after_pipeline_run(
        run_params={"run_id": "2027"}, pipeline=PIPELINE, catalog=catalog
    )

    named = client.get_run(run.info.run_id).info.run_name
    assert named == "toys din (run 2)"
    data = client.get_run(run.info.run_id).data
    assert data.params == {"seed": "3"}
    assert data.metrics["test.auc"] == 0.75
    steps = client.get_metric_history(run.info.run_id, "training.auc")
    assert [(x.step, x.value) for x in steps] == [(10, 0.6), (20, 0.7)]
    logged = {x.path for x in client.list_artifacts(run.info.run_id)}
    assert logged == {"manifest.json", "metrics.json", "training_history.json"}
    kept = next((tmp_path / "files").rglob("metrics.json"))
    assert json.loads(kept.read_text()) == METRICS
