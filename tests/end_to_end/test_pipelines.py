"""The road from raw files to predictions, and what scripts may rely on after it."""

import re
import runpy
import shutil
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from measured_artifacts import (
    HEALTH,
    check_measures,
    check_predictions,
    predictions_and_rows,
    strict_json,
)
from project_runs import ROAD, must_run, write_config, write_log

# Every pipeline by itself.


def test_each_pipeline_runs_alone_and_leaves_its_files(road):
    project, outputs = road
    session = KedroSession.create(project_path=project, env="test")
    catalog = session.load_context().catalog
    assert list(outputs) == ["sample", *ROAD]
    for name in outputs:
        for dataset in pipelines[name].all_outputs():
            assert catalog.exists(dataset), dataset


def test_only_a_run_that_measures_closes_with_the_summary(road):
    _, outputs = road
    for name, output in outputs.items():
        assert ("\nnext\n" in output) == (name == "ctr_modeling"), name
    page = outputs["ctr_modeling"]
    for word in ("best baseline", "best possible", "320 of test", "submission.zip"):
        assert word in page


def test_every_run_closes_with_its_times_and_writes_them_down(road):
    project, outputs = road
    for output in outputs.values():
        assert re.search(r"^\d+ nodes? in \d+ s, [\d.]+ GB at", output, re.MULTILINE)
    written = strict_json(project / "data/08_reporting/test/run.json")
    nodes = {node.name for name in outputs for node in pipelines[name].nodes}
    assert set(written["nodes"]) == nodes
    for node in written["nodes"].values():
        assert node["pipeline"] in outputs
        assert node["seconds"] > 0
        assert node["peak_gb"] > 0.01
    last = pipelines[ROAD[-1]].nodes
    assert set(written["last_run"]["nodes"]) == {node.name for node in last}


def test_nothing_is_left_beside_the_artifacts(road):
    project, _ = road
    files = [path for path in (project / "data").rglob("*") if path.is_file()]
    assert {path.relative_to(project / "data").parts[1] for path in files} == {"test"}
    assert not [path for path in files if path.name.startswith(".")]


# The fixed interface, on the sample's layout.


def test_metrics_json(road):
    project, _ = road
    metrics = strict_json(project / "data/08_reporting/test/metrics.json")
    assert set(metrics) == {"row_statistics", "valid", "test", "test_frozen"}
    for part in ("valid", "test"):
        _, rows = predictions_and_rows(project, "test", part)
        check_measures(metrics[part], rows.num_rows)
        assert 0.5 < metrics[part]["oracle_auc"] < 1
    # The sample has no times.
    assert metrics["row_statistics"]["protocol"] is None
    assert metrics["test_frozen"] is None


def test_codebook_json(road):
    project, _ = road
    codebook = strict_json(project / "data/08_reporting/test/codebook.json")
    assert set(codebook) == {"title", "image"}
    for health in codebook.values():
        assert health.keys() >= HEALTH
        assert 0 < health["usage"] <= 1
        assert isinstance(health["dead_codes"], int)


def test_every_report_is_strict_json(road):
    project, _ = road
    reports = list((project / "data/08_reporting/test").glob("*.json"))
    assert len(reports) >= 6
    for report in reports:
        strict_json(report)


def test_vectors_of_titles(road):
    project, _ = road
    stored = np.load(project / "data/04_feature/test/vectors/title.npy")
    padding, vectors = stored[0], stored[1:]
    items = pq.read_table(project / "data/03_primary/test/items.parquet")
    assert not padding.any()
    assert vectors.dtype == np.float32
    assert vectors.shape == (items.num_rows, 16)
    lengths = np.linalg.norm(vectors, axis=1)
    # A title without a word of the vocabulary is the zero vector.
    assert np.allclose(lengths[lengths > 0], 1, atol=1e-5)
    assert (lengths > 0).mean() > 0.9


@pytest.mark.parametrize("part", ["valid", "test"])
def test_predictions_parquet(road, part):
    project, _ = road
    predictions, rows = predictions_and_rows(project, "test", part)
    check_predictions(predictions, rows)
    raw = pq.read_table(
        project / f"data/01_raw/test/MicroLens_1M_x1/{part}.parquet",
        columns=["user_id", "item_id"],
    )
    assert predictions["item_id"].type == raw["item_id"].type
    assert predictions.select(["user_id", "item_id"]).equals(raw)


def test_an_unlabelled_test_is_predicted_but_not_measured(raw_project):
    shutil.rmtree(raw_project / "data/01_raw/test/withheld")
    output = must_run(raw_project, "--env", "test").output
    metrics = strict_json(raw_project / "data/08_reporting/test/metrics.json")
    assert metrics["test"] is None
    assert "oracle_auc" not in metrics["valid"]
    predictions, rows = predictions_and_rows(raw_project, "test")
    check_predictions(predictions, rows)
    assert predictions["label"].null_count == rows.num_rows == 320
    assert "test has no labels: the model is judged by valid" in output
    details = strict_json(
        raw_project / "data/08_reporting/test/evaluation_details.json"
    )
    assert details["test"] is None
    report = raw_project / "data/08_reporting/test/report.html"
    assert "The test rows have no labels" in report.read_text("utf-8")


@pytest.mark.parametrize(
    ("params", "content", "features"),
    [
        ("features.content=none", "none", set()),
        (
            "features.content=continuous+similarity",
            "continuous + similarity",
            {"title_vector", "image_vector"},
        ),
        (
            "model.code_entry=prefix",
            "codes (prefix)",
            {"title_codes", "image_codes"},
        ),
    ],
)
def test_content_is_chosen_on_the_command_line(
    finished_project, params, content, features
):
    options = ("--env", "test", "--pipeline", "ctr_modeling")
    must_run(finished_project, *options, "--params", f"ctr_modeling.{params}")
    history = strict_json(finished_project / "data/08_reporting/test/training.json")
    assert history["content"] == content
    assert set(history["features"]) - {"tags", "likes", "views"} == features
    check_predictions(*predictions_and_rows(finished_project, "test"))


# One's own log.


@pytest.mark.parametrize("name", ["007", "null"])
def test_a_data_set_name_stays_text(project, name):
    write_log(project / "0012", text_ids=False)
    must_run(
        project,
        "--env=interactions",
        "--pipeline=preparation",
        f"--params=raw_dir=0012,dataset={name},device=cpu",
    )
    folders = sorted((project / "data" / "03_primary").iterdir())
    assert [folder.name for folder in folders] == [name]


def test_python_m_takes_a_config_file(project, monkeypatch):
    params = {"sample": {"name": "other", "train_users": 20}}
    config = write_config(
        project / "run.yml", env="test", pipeline="sample", params=params
    )
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "argv", ["mmctr", "--config", config])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("mmctr", run_name="__main__")
    assert ended.value.code == 0
    raw = project / "data" / "01_raw"
    assert [folder.name for folder in raw.iterdir()] == ["other"]
