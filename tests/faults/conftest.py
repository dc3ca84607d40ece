"""Projects to break; what ran before them ran once."""

import shutil
from pathlib import Path

import pytest
from project_runs import copy_project, must_run
from shared_runs import made_once


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is of ``make test-faults``."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which everything has run, in env test; only read."""

    def run_all(folder: Path) -> dict[str, str]:
        copy_project(folder)
        must_run(folder, "--env", "test", "--pipeline", "sample")
        return {"run": must_run(folder, "--env", "test").output}

    return made_once(tmp_path_factory, "finished", run_all)[0]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A fresh project without data."""
    return copy_project(tmp_path)


@pytest.fixture
def finished_project(project: Path, finished: Path) -> Path:
    """A project of one's own in which everything has run."""
    shutil.copytree(finished / "data", project / "data")
    return project
