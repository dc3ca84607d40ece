"""The commands as they are typed, each in a process of its own."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from project_runs import REPOSITORY, ROAD, files_below

from mmctr.pipeline_registry import register_pipelines

# A process for each.
pytestmark = pytest.mark.system

BIN = Path(sys.executable).parent


def execute(project: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the project's folder, as in a terminal of 80 columns."""
    environment = {
        **os.environ,
        "COLUMNS": "80",
        "PYTHONPATH": str(REPOSITORY / "src"),
    }
    return subprocess.run(
        command,
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def kedro(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return execute(project, str(BIN / "kedro"), *arguments)


def module(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return execute(project, sys.executable, "-m", "mmctr", *arguments)


def without_times(name: str, content: bytes) -> bytes:
    """A codebook's report also says how long it took."""
    is_codebook = name.endswith("codebook.json")
    return re.sub(rb'"\w+_seconds": [\d.]+', b"", content) if is_codebook else content


@pytest.mark.parametrize("folder", [".", "conf/test"])
def test_the_same_seed_gives_the_same_bytes(folder, raw_project, road):
    """Another process, another working directory, at once or pipeline by pipeline."""
    done = kedro(raw_project / folder, "run", "--env", "test")
    assert done.returncode == 0, done.stderr
    by_one = files_below(road[0] / "data")
    at_once = files_below(raw_project / "data")
    assert set(at_once) == set(by_one)
    different = [
        name
        for name in by_one
        if without_times(name, by_one[name]) != without_times(name, at_once[name])
    ]
    # An archive dates its members; the others hold times, and what was cached.
    timed = (".zip", "run.json", "embedding.json", "manifest.json")
    timed += (
        "history/0001.json",
        "history/0001.html",
        "report.html",
        "model_card.md",
        "bundle/card.md",
    )
    assert [name for name in different if not name.endswith(timed)] == []
    nodes = register_pipelines()["__default__"].nodes
    log, page = done.stdout.split(f"\n{len(nodes)} nodes in ")
    # A model of two short passes is bad, and the page begins by saying so.
    assert "WARNING: On test " in page
    assert log.count(" INFO mmctr.node: ") == len(nodes)
    if folder == ".":  # elsewhere Kedro names the configuration that it starts with
        line_start = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+ [\w.]+: "
        for line in filter(None, log.splitlines()):
            assert re.match(line_start, line), line
    assert "WARNING" not in log + done.stderr
    lines = page.splitlines()
    assert len(lines) < 40
    # Commands and paths are as long as the names of the folders.
    assert max(len(line) for line in lines if "/" not in line) <= 100
    assert "data/08_reporting/test/report.html" in page


def test_the_commands_that_a_run_ends_with_run(finished_project):
    nodes = "evaluate_predictions,make_bundle"
    page = kedro(finished_project, "run", "--env", "test", "--nodes", nodes).stdout
    commands = [x for x in page.splitlines() if x.startswith("    /")]
    assert len(commands) == 5
    for command in commands:
        done = execute(finished_project, *shlex.split(command))
        assert done.returncode == 0, command + done.stderr
    assert "metrics  " in done.stdout
    assert "train_model" in done.stdout


def test_python_m_does_the_same_and_the_sample_repeats(project, road):
    done = module(project, "--env", "test", "--pipeline", "sample")
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stdout + done.stderr
    assert files_below(project / "data/01_raw") == files_below(road[0] / "data/01_raw")


def test_an_error_is_short_in_a_terminal(project):
    done = kedro(project, "run", "--env", "test", "--pipeline", "preparation")
    assert done.returncode == 1
    assert "parquet is missing in" in done.stderr
    text = done.stdout + done.stderr
    assert "Traceback" not in text
    assert "│" not in text
    assert len(done.stderr.splitlines()) <= 4


def test_the_traceback_is_there_for_those_who_ask(project):
    done = kedro(
        project, "run", "--env", "test", "--pipeline", "preparation", "--traceback"
    )
    assert done.returncode == 1
    assert "Traceback" in done.stdout + done.stderr


def test_help_lists_the_commands_with_examples(project):
    done = module(project, "--help")
    assert done.returncode == 0, done.stderr
    for words in (
        "  run ",
        "  doctor ",
        "mmctr run --pipeline sample ",
        "--params raw_dir=DIR,dataset=NAME\n",
        "kedro viz run ",
    ):
        assert words in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "--only-missing-outputs" in module(project, "run", "--help").stdout


def test_registry_list_names_every_pipeline(project):
    done = kedro(project, "registry", "list")
    assert done.returncode == 0, done.stderr
    for name in ("sample", "__default__", *ROAD):
        assert f"- {name}\n" in done.stdout


def test_other_commands_refuse_a_bad_configuration_shortly(project):
    (project / "conf/local/parameters.yml").write_text("traning: {lr: 1}\n")
    done = kedro(project, "catalog", "resolve-patterns")
    assert done.returncode == 1
    assert "'traning' is not a parameter" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
