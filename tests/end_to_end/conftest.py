"""Projects in every state of progress, so that the repository's own data stay."""

import shutil
from pathlib import Path

import pytest
from project_runs import configure_once, copy_project
from road_runs import road_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A fresh project without data."""
    return copy_project(tmp_path)


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A project in which every pipeline has run by itself, in order, in env test.

    Tests only read it. Beside it: the output of each pipeline's run.
    """
    made = road_project(tmp_path_factory)
    configure_once()  # another process may have run it
    return made


@pytest.fixture
def raw_project(project: Path, road: tuple[Path, dict]) -> Path:
    """A project of one's own with the sample's raw files."""
    shutil.copytree(road[0] / "data" / "01_raw", project / "data" / "01_raw")
    return project


@pytest.fixture
def finished_project(project: Path, road: tuple[Path, dict]) -> Path:
    """A project of one's own in which everything has run."""
    shutil.copytree(road[0] / "data", project / "data")
    return project
