"""Case 1: ``kill -9`` anywhere; resumed, a run has the hashes of an undisturbed one."""

import json
import random
import shutil
import time
from pathlib import Path

import pytest
from fault_runs import Run, kedro, leftovers, said
from project_runs import copy_project

KILLS = 20
# A training with 60 steps, 6 validations and a checkpoint every other step.
PARAMS = "--params=" + ",".join(
    f"ctr_modeling.{name}"
    for name in (
        "training.max_epochs=3",
        "training.patience=6",
        "checkpoint.every_steps=2",
    )
)
RUN = ("run", "--env=test", PARAMS)
RESUME = (*RUN, "--only-missing-outputs")
OUTPUTS = (
    "codes",
    "item_table",
    "vectors",
    "ctr_weights",
    "training_history",
    "valid_predictions",
    "test_predictions",
    "metrics",
    "submission",
)


def hashes(project: Path) -> dict[str, str]:
    path = project / "data/08_reporting/test/manifest.json"
    outputs = json.loads(path.read_text())["outputs"]
    return {name: outputs[name] for name in OUTPUTS}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, finished) -> tuple[dict[str, str], int]:
    """Hashes of an undisturbed run, and how many lines it prints."""
    project = copy_project(tmp_path_factory.mktemp("undisturbed"))
    shutil.copytree(finished / "data/01_raw", project / "data/01_raw")
    with Run(project, *RUN) as run:
        assert run.end() == 0, run.said
    assert not list((project / "data/06_models/test/checkpoints").iterdir())
    return hashes(project), len(run.lines)


def killed_at_random(project: Path, chance: random.Random, most: int) -> bool:
    """Kill a run some lines after its beginning; False if it ended before."""
    lines, pause = chance.randint(1, most), chance.uniform(0, 0.2)
    with Run(project, *RESUME) as run:
        if run.read(lambda read: len(read) > lines):
            time.sleep(pause)
            if run.process.poll() is None:
                run.process.kill()
        code = run.end()
        assert code in {0, -9}, run.said
    return code != 0


def test_killed_at_random_moments(project, finished, undisturbed):
    """At least 20 times; each chain of kills ends with a run that finishes."""
    expected, lines = undisturbed
    chance, kills, chains = random.Random(7), 0, 0
    while kills < KILLS:
        shutil.rmtree(project / "data", ignore_errors=True)
        shutil.copytree(finished / "data/01_raw", project / "data/01_raw")
        in_chain, most = 0, chance.randint(4, 8)
        # What a run prints at its end is half of its lines.
        while in_chain < most and killed_at_random(project, chance, lines // 3):
            in_chain += 1
        with Run(project, *RESUME) as last:
            assert last.end() == 0, last.said
        assert hashes(project) == expected, f"chain {chains}, {in_chain} kills"
        assert leftovers(project) == []
        kills, chains = kills + in_chain, chains + 1
    assert kills >= KILLS


def kill_before_renaming(name: str, save: int = 1) -> str:
    """A file's first (second, ..) save is killed when all is written but its name."""
    return f"""
import os, signal
replace, saves = os.replace, []
def renamed(source, target, **options):
    if os.path.basename(target) == {name!r}:
        saves.append(target)
        if len(saves) == {save}:
            os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target, **options)
os.replace = renamed
"""


def test_killed_in_saves(project, finished, undisturbed):
    """Of codes, a checkpoint, the finished training, and each of its results."""
    shutil.copytree(finished / "data/01_raw", project / "data/01_raw")
    for name in (
        "codes",
        "step-000000014.ckpt",
        "finished.ckpt",
        "ctr_weights.safetensors",
        "training.json",
    ):
        killed = kedro(project, *RESUME, patch=kill_before_renaming(name))
        assert killed.returncode == -9, f"{name}: {killed.stdout}{killed.stderr}"
        assert not list((project / "data").rglob(name)), name
    # The training was finished when its results were lost.
    assert "is already finished" in said(killed)
    last = kedro(project, *RESUME)
    assert last.returncode == 0, said(last)
    assert "is already finished" in said(last)
    assert hashes(project) == undisturbed[0]
    assert leftovers(project) == []
    assert not list((project / "data/06_models/test/checkpoints").iterdir())


@pytest.mark.parametrize(("file", "save"), [("manifest.json", 2), ("run.json", 1)])
def test_killed_in_a_last_save(finished_project, file, save):
    """All is there, so the run after it saves nothing: what is left is swept."""
    (finished_project / "data/08_reporting/test/report.html").unlink()
    patch = kill_before_renaming(file, save=save)
    resume = ("run", "--env=test", "--only-missing-outputs")
    assert kedro(finished_project, *resume, patch=patch).returncode == -9
    assert len(leftovers(finished_project)) == 2  # and the lock
    last = kedro(finished_project, *resume)
    assert last.returncode == 0, said(last)
    assert leftovers(finished_project) == []


def test_killed_while_the_sample_is_written(project, finished):
    for name in ("train.parquet", "item_info.parquet"):
        patch = kill_before_renaming(name)
        sample = ("run", "--env=test", "--pipeline=sample", "--only-missing-outputs")
        assert kedro(project, *sample, patch=patch).returncode == -9
    assert kedro(project, *sample).returncode == 0
    for path in (finished / "data/01_raw").rglob("*.parquet"):
        other = project / path.relative_to(finished)
        assert other.read_bytes() == path.read_bytes(), path
