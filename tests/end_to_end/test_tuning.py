"""Tuning from the command line: stopped, shared, by grid, and its best trial run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from project_runs import copy_project, kedro_run, must_run, write_config

COMMAND = ("--env", "test", "--pipeline", "tuning")
DONE = ("complete", "pruned")


def report(project: Path, name: str = "tuning.json") -> Any:
    return json.loads((project / "data/08_reporting/test" / name).read_text())


def done_trials(project: Path) -> list[dict[str, Any]]:
    return [x for x in report(project)["trials"] if x["state"] in DONE]


def without_test(road: tuple[Path, dict], project: Path) -> Path:
    """The artifacts that tuning needs, in a project of its own; no rows of test."""
    shutil.copytree(road[0] / "data", project / "data")
    (project / "data/03_primary/test/test.parquet").unlink()
    return project


GRID: dict[str, Any] = {
    "sampler": "grid",
    "space": {
        "quantization.method": {"choices": ["rq_kmeans"]},
        "quantization.rq_kmeans.levels": {"choices": [2], "int": None},
        "quantization.rq_kmeans.codebook_size": {"choices": [8, 16]},
        "quantization.pq.positions": None,
        "quantization.pq.codebook_size": None,
        "ctr_modeling.model.code_entry": {"choices": ["bag"]},
        "ctr_modeling.model.embedding_dim": None,
        "ctr_modeling.model.dnn_units": {"choices": [[32, 16]]},
        "ctr_modeling.model.dnn_dropout": None,
        # The second one learns nothing.
        "ctr_modeling.training.learning_rate": {"choices": [0.01, 1e-9], "float": None},
        "ctr_modeling.training.embedding_l2": None,
    },
    "pruning": {"startup_trials": 1, "warmup_validations": 1},
    "budget": {"max_epochs": 4},
}


@pytest.fixture(scope="module")
def gridded(tmp_path_factory, road) -> tuple[Path, str]:
    """A project in which a grid was searched, and what the run printed."""
    project = without_test(road, copy_project(tmp_path_factory.mktemp("gridded")))
    file = write_config(project / "grid.yml", params={"tuning": GRID})
    return project, must_run(project, *COMMAND, "--config", file).output


def test_a_grid_is_covered_once_and_hopeless_trials_are_pruned(gridded):
    project, output = gridded
    found = report(project)
    size = "quantization.rq_kmeans.codebook_size"
    rate = "ctr_modeling.training.learning_rate"
    trials = {
        (trial["parameters"][size], trial["parameters"][rate]): trial
        for trial in found["trials"]
    }
    assert sorted(trials) == [(8, 1e-9), (8, 0.01), (16, 1e-9), (16, 0.01)]
    assert len(found["trials"]) == len(trials)
    assert trials[8, 0.01]["state"] == "complete"
    assert len(trials[8, 0.01]["validations"]) == 8
    for hopeless in (trials[8, 1e-9], trials[16, 1e-9]):
        assert hopeless["state"] == "pruned"
        assert len(hopeless["validations"]) == 2
    assert found["best"]["value"] == max(
        trial["value"] for trial in found["trials"] if trial["state"] == "complete"
    )
    assert "| trial | gAUC |" in output
    assert "kedro run --config data/08_reporting/test/tuning_best.yml" in output


def test_trials_with_one_quantiser_share_its_codes(gridded):
    project, _ = gridded
    files = {x.stem for x in project.glob("data/06_models/test/tuning/codes/*.parquet")}
    assert {trial["codes"] for trial in report(project)["trials"]} == files
    assert len(files) == 2


def test_page_and_figures_are_there(gridded):
    folder = gridded[0] / "data/08_reporting/test"
    assert "Test was not read" in (folder / "tuning.md").read_text()
    for name in ("history", "importance"):
        content = (folder / f"tuning_{name}.png").read_bytes()
        assert content.startswith(b"\x89PNG")
        assert len(content) > 2_000


def test_the_best_trial_runs_again_to_the_same_value(gridded, project, road):
    shutil.copytree(road[0] / "data" / "01_raw", project / "data" / "01_raw")
    best = gridded[0] / "data/08_reporting/test/tuning_best.yml"
    shutil.copy(best, project / "best.yml")
    must_run(project, "--config", "best.yml")
    value = report(gridded[0])["best"]["value"]
    assert report(project, "training.json")["best"] == pytest.approx(value, abs=1e-9)
    assert (project / "data/07_model_output/test/submission.zip").exists()


def test_a_misspelt_parameter_is_refused_before_any_work(project):
    space = {"quantization.rq_kmeans.level": {"choices": [1]}}
    file = write_config(project / "wrong.yml", params={"tuning": {"space": space}})
    found = kedro_run(project, *COMMAND, "--config", file)
    assert found.exit_code == 1
    assert "did you mean 'quantization.rq_kmeans.levels'?" in found.output
    assert not (project / "data").exists()


@pytest.mark.system
def test_two_runs_go_on_together_where_a_killed_one_was(project, road):
    """Killed by a signal that cannot be caught, during a trial."""
    without_test(road, project)
    catalog = project / "conf/base/catalog/tuning.yml"
    text = catalog.read_text().replace("heartbeat_seconds: 20", "heartbeat_seconds: 3")
    catalog.write_text(text)
    arguments = [*COMMAND, "--params", "tuning.n_trials=6,tuning.pruning.method=none"]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "kedro", "run", *arguments],
            cwd=project,
            env=os.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    codes = project / "data/06_models/test/tuning/codes"
    running = start()
    try:
        # The second trial at the earliest has the second file.
        while len(list(codes.glob("*.parquet"))) < 2 and running.poll() is None:
            time.sleep(0.02)
        assert running.poll() is None, "the run ended before it could be killed"
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    assert not (project / "data/08_reporting/test/tuning.json").exists()
    both = [start(), start()]
    assert [each.wait(timeout=300) for each in both] == [0, 0]
    trials = report(project)["trials"]
    states = [trial["state"] for trial in trials]
    assert states.count("complete") == 6
    # None, if the kill fell between two trials.
    stopped = [trial for trial in trials if trial["state"] == "stopped"]
    assert len(stopped) == len(trials) - 6 <= 1
    for trial in stopped:
        # Made after all, with the values it had.
        again = [x for x in trials if x["parameters"] == trial["parameters"]]
        assert [x["state"] for x in again] == ["stopped", "complete"]
    before = done_trials(project)
    must_run(project, *arguments)
    assert done_trials(project) == before
    must_run(project, *COMMAND, "--params", "tuning.n_trials=1")
    assert len(report(project)["trials"]) == 1, "another pruning, another study"
