"""Case 7: without both classes AUC is undefined, and no model is chosen by it."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from fault_runs import kedro, said
from project_runs import files_below, kedro_run

RAW = "data/01_raw/test"


def with_labels(path: Path, column: pa.Array) -> None:
    table = pq.read_table(path)
    place = table.column_names.index("label")
    pq.write_table(table.set_column(place, "label", column), path)


def zeros(path: Path) -> pa.Array:
    return pa.array([0] * pq.read_metadata(path).num_rows)


def metrics_of(project: Path) -> dict:
    return json.loads((project / "data/08_reporting/test/metrics.json").read_text())


def test_a_valid_of_one_class_stops_before_training(finished_project):
    project = finished_project
    path = project / RAW / "MicroLens_1M_x1/valid.parquet"
    with_labels(path, zeros(path))
    for pipeline in ("preparation", "row_statistics"):
        prepared = kedro_run(project, "--env=test", f"--pipeline={pipeline}")
        assert prepared.exit_code == 0
    before = files_below(project / "data")
    refused = kedro(project, "run", "--env=test", "--pipeline=ctr_modeling")
    assert refused.returncode == 1
    assert "valid: labels must hold both 0 and 1, column 'label' of valid.parquet" in (
        said(refused)
    )
    assert "holds [0.0] and nothing else: AUC is undefined" in said(refused)
    assert "step " not in said(refused)
    assert files_below(project / "data") == before

    # With the model of before: measured, and undefined.
    measured = kedro(
        project,
        "run",
        "--env=test",
        "--nodes=predict_valid,evaluate_predictions,predict_test",
    )
    assert measured.returncode == 0, measured.stderr
    valid = metrics_of(project)["valid"]
    for name in ("auc", "gauc", "ne", "auc_interval", "auc_warm_items"):
        assert valid[name] is None, name
    assert valid["logloss"] > 0
    assert "AUC is undefined: all rows have one label" in said(measured)


def test_groups_of_one_class_stop_before_training_by_gauc(finished_project):
    """Both classes are there, but never in one group."""
    project = finished_project
    path = project / "data/05_model_input/test/valid_rows.parquet"
    table = pq.read_table(path)
    groups = table["group_id"].to_pylist()
    with_labels(path, pa.array([group % 2 for group in groups], pa.int8()))
    before = files_below(project / "data")
    refused = kedro_run(
        project,
        "--env=test",
        "--nodes=train_model",
        "--params=ctr_modeling.training.monitor=gauc,accept_changed=true",
    )
    text = " ".join(refused.output.split())
    assert refused.exit_code == 1
    assert "no group of 'group_id' has labels of both classes, so gAUC" in text
    assert "ctr_modeling.training.monitor=auc" in text
    assert files_below(project / "data") == before


def test_a_test_of_one_class_is_undefined_and_the_run_succeeds(finished_project):
    project = finished_project
    path = project / RAW / "withheld/test_labels.parquet"
    with_labels(path, zeros(path))
    done = kedro(project, "run", "--env=test", "--pipelines=preparation,ctr_modeling")
    assert done.returncode == 0, done.stderr
    metrics = metrics_of(project)
    assert metrics["test"]["auc"] is None
    assert metrics["test"]["baselines"]["item_only"]["auc_difference"] is None
    assert metrics["valid"]["auc"] is not None
    text = said(done)
    assert "AUC is undefined: all rows have one label" in text[text.index("test: ") :]
    audit = json.loads((project / "data/08_reporting/test/audit.json").read_text())
    assert audit["test"]["auc_item_only"] is None
