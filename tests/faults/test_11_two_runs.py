"""Case 11: one run at a time on a data set; the lock goes with its process."""

import os
import signal
import time

import pytest
from fault_runs import Run, kedro, said
from project_runs import files_below

# A training that takes its time; it is killed.
LONG = "--params=" + ",".join(
    f"ctr_modeling.training.{name}=100000" for name in ("max_epochs", "patience")
)


@pytest.fixture
def training(finished_project):
    """A run that is at work on data set ``test``."""
    run = Run(finished_project, "run", "--env=test", "--pipeline=ctr_modeling", LONG)
    lock = finished_project / "data/08_reporting/test/.lock"
    with run:
        until = time.monotonic() + 170
        while not (lock.exists() and lock.read_text()) and time.monotonic() < until:
            time.sleep(0.02)
        yield run.process


def test_the_second_run_is_refused_at_once_until_the_first_is_killed(
    finished_project, training
):
    project = finished_project
    prepared = project / "data/03_primary"
    before = files_below(prepared)
    second = kedro(project, "run", "--env=test", "--pipeline=preparation")
    assert second.returncode == 1
    assert "mmctr.node:" not in said(second)
    for words in (
        "another run works on data set 'test'",
        f"process {training.pid} on ",
        "since 2",
        "kedro run --env=test --pipeline=ctr_modeling",
    ):
        assert words in said(second)
    assert files_below(prepared) == before

    listed = kedro(project, "registry", "list")
    assert listed.returncode == 0
    other = kedro(
        project, "run", "--env=test", "--pipeline=preparation", "--params=dataset=other"
    )
    assert other.returncode == 0, other.stderr
    assert "mmctr.node: prepare_tables:" in said(other)

    os.kill(training.pid, signal.SIGKILL)
    training.wait()
    assert (project / "data/08_reporting/test/.lock").exists()
    third = kedro(project, "run", "--env=test", "--pipeline=fusion")
    assert third.returncode == 0, third.stderr
    assert not (project / "data/08_reporting/test/.lock").exists()
