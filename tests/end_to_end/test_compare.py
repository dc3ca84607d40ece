"""Runs in the history of their data set, and what they are compared by."""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from page_reader import Page
from project_runs import kedro_run, must_run

from mmctr.project.cli import cli


def mmctr(project: Path, *arguments: str) -> tuple[int, str]:
    """Run a command in a project's folder, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        done = CliRunner().invoke(cli, list(arguments), prog_name="mmctr")
    return done.exit_code, done.output


def history_of(project: Path) -> Path:
    return project / "data/08_reporting/test/history"


def test_a_run_is_in_the_history_with_what_made_it(road):
    folder = history_of(road[0])
    run = json.loads((folder / "0001.json").read_text())
    metrics = json.loads((folder.parent / "metrics.json").read_text())
    assert run["metrics"]["gauc"] == metrics["test"]["gauc"]
    assert (run["dataset"], run["model"], run["part"]) == ("test", "din", "test")
    assert run["parameters"]["ctr_modeling.model.name"] == "din"
    assert "embedding.provider" in run["parameters"]
    assert "ctr_modeling.device" not in run["parameters"]
    assert any(name.endswith(".parquet") for name in run["inputs"])
    assert run["seconds"] > 0
    # Each pipeline ran by itself: the report came later than the metrics.
    page = (folder / "0001.html").read_text("utf-8")
    assert page == (folder.parent / "report.html").read_text("utf-8")
    assert not (folder / "0002.json").exists()


def test_two_runs_are_compared_on_the_same_users(finished_project):
    project = finished_project
    other = "ctr_modeling.model.name=target_only"
    only = ("--env", "test", "--pipeline", "ctr_modeling")
    done = must_run(project, *only, "--params", other)
    assert re.search(r"mmctr compare 1 --env test\n", done.output)
    must_run(project, "--env", "test", "--pipeline", "reporting", "--params", other)
    folder = history_of(project)
    report = Page((folder.parent / "report.html").read_text("utf-8"))
    words = report.section("history").words
    assert "model.name=din" in words
    assert 'href="0001.html"' in (folder / "0002.html").read_text("utf-8")
    code, listed = mmctr(project, "compare", "--env", "test")
    assert code == 0
    assert re.search(r"^2 .* target_only$", listed, re.MULTILINE)
    code, page = mmctr(project, "compare", "1", "2", "--env", "test")
    assert code == 0
    assert "A  run 1" in page
    assert re.search(r"ctr_modeling\.model\.name +din +target_only\n", page)
    runs = [
        json.loads((history_of(project) / f"000{number}.json").read_text())
        for number in (1, 2)
    ]
    for label, name in (("gAUC", "gauc"), ("AUC", "auc"), ("logloss", "logloss")):
        one, two = (run["metrics"][name] for run in runs)
        values = (f"{one:.4f}", f"{two:.4f}", f"{two - one:+.4f}", "[")
        assert re.search(rf"^{label} +{' +'.join(map(re.escape, values))}", page, re.M)
    assert mmctr(project, "compare", "1", "--env", "test") == (0, page)


def test_what_can_not_be_compared_is_said_in_a_sentence(finished_project):
    project = finished_project
    folder = history_of(project)
    other = shutil.copytree(folder.parent, folder.parents[1] / "other") / "history"
    content = json.loads((other / "0001.json").read_text())
    for number, name in ((1, "gone"), (2, "test")):
        record = content | {"number": number, "dataset": name}
        (other / f"000{number}.json").write_text(json.dumps(record))
    for names, said in (
        (("1", "2"), "there is no run 2; there are 1 of test"),
        (("1", "1"), "1 and 1 are one run"),
        (("1", "nowhere/1"), "nowhere/history has no run"),
        (("1", "other"), "of run 2 of test the numbers are left"),
        (("1", "2", "3"), "expected two runs at most, got 3"),
    ):
        code, page = mmctr(project, "compare", *names, "--env", "test")
        assert code != 0
        assert said in page
        assert "Traceback" not in page
    code, page = mmctr(project, "compare", "1", "other/1", "--env", "test")
    assert code == 0
    assert "No parameter differs." in page


def test_a_history_that_can_not_be_written_fails_no_run(finished_project, caplog):
    project = finished_project
    shutil.rmtree(history_of(project))
    history_of(project).write_text("in the way")
    done = kedro_run(project, "--env", "test", "--nodes", "evaluate_predictions")
    assert done.exit_code == 0
    assert "this run is not in the history" in caplog.text
