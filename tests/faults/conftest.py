"""Projects to break; what ran before them ran once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from project_runs import copy_project, must_run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is of ``make test-faults``."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project in which everything has run, in env test; only read."""
    folder = copy_project(tmp_path_factory.mktemp("finished"))
    must_run(folder, "--env", "test", "--pipeline", "sample")
    must_run(folder, "--env", "test")
    yield folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A fresh project without data."""
    return copy_project(tmp_path)


@pytest.fixture
def finished_project(project: Path, finished: Path) -> Path:
    """A project of one's own in which everything has run."""
    shutil.copytree(finished / "data", project / "data")
    return project
