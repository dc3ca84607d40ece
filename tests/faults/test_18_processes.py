"""Trainings in several processes: stopped or killed, results stay and no process."""

import os
import shutil
import signal
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fault_runs import Run, leftovers
from project_runs import copy_project

RUN = ("run", "--env=test", "--pipeline=ablation")
# Long enough to be met in the midst.
PARAMS = (
    "ablation.only=none+rq_kmeans_positional,ablation.budget.max_epochs=8,"
    "ablation.budget.patience=99"
)
TWO = (*RUN, f"--params=ablation.processes=2,{PARAMS}")


def children(pid: int) -> list[int]:
    """Worker processes."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            line = (folder / "cmdline").read_text()
        except OSError:
            continue  # it ended meanwhile
        if int(stat[1]) == pid and "spawn_main" in line:
            found.append(int(folder.name))
    return found


def all_end(pids: list[int]) -> bool:
    until = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def is_in_the_midst(lines: list[str]) -> bool:
    """One result is saved, and two trainings are under way."""
    return "trials: " in lines[-1] and ", 1 of 6;" in lines[-1]


def results(project: Path) -> dict[str, Path]:
    folder = project / "data/07_model_output/test/ablation"
    return {str(x.relative_to(folder)): x for x in folder.rglob("*.parquet")}


@pytest.mark.parametrize(
    ("number", "code", "name"),
    [(signal.SIGTERM, 143, "SIGTERM"), (signal.SIGINT, 130, "Ctrl-C")],
)
def test_a_signal_ends_all_of_them(finished_project, number, code, name):
    with Run(finished_project, *TWO) as run:
        assert run.read(is_in_the_midst), run.said
        at_work = children(run.process.pid)
        assert len(at_work) == 2
        if number == signal.SIGINT:  # a terminal sends it to every process
            for pid in at_work:
                os.kill(pid, number)
        run.process.send_signal(number)
        assert run.end() == code, run.said
    assert "Traceback" not in run.said
    assert all_end(at_work)
    assert results(finished_project)
    assert leftovers(finished_project) == []


def test_killed_from_outside_it_leaves_no_process(finished_project):
    with Run(finished_project, *TWO) as run:
        assert run.read(is_in_the_midst), run.said
        at_work = children(run.process.pid)
        assert len(at_work) == 2
        run.process.kill()
        run.end()
    assert all_end(at_work)


def test_a_killed_worker_is_an_error_and_the_next_run_makes_what_is_missing(
    finished_project, finished, tmp_path, monkeypatch
):
    with Run(finished_project, *TWO) as run:
        assert run.read(is_in_the_midst), run.said
        at_work = children(run.process.pid)
        os.kill(at_work[0], signal.SIGKILL)
        assert run.end() == 1, run.said
    assert "Traceback" not in run.said
    assert "ended without a result (exit code -9): killed, by the system" in run.said
    assert "fewer processes at once need less memory" in run.said
    assert "seed_" in run.said
    assert all_end(at_work)
    kept = {name: path.read_bytes() for name, path in results(finished_project).items()}
    assert kept
    with Run(finished_project, *TWO) as run:
        assert run.end() == 0, run.said
    made = results(finished_project)
    assert {name: made[name].read_bytes() for name in kept} == kept

    # One after the other in one process, with as many threads.
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    alone = copy_project(tmp_path / "alone")
    shutil.copytree(finished / "data", alone / "data")
    with Run(alone, *RUN, f"--params=ablation.processes=1,{PARAMS}") as run:
        assert run.end() == 0, run.said
    assert results(alone).keys() == made.keys()
    for name, path in results(alone).items():
        assert pq.read_table(path).equals(pq.read_table(made[name])), name
