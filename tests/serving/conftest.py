"""A run on a log that has everything, and its bundle."""

import shutil
from pathlib import Path

import pytest
from served_runs import bundle_of, run_rich
from shared_runs import made_once

from mmctr import Scorer


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of the run; only to be read."""
    return made_once(tmp_path_factory, "rich", run_rich)[0]


@pytest.fixture(scope="session")
def bundle(project: Path) -> Path:
    """Its bundle; only to be read."""
    return bundle_of(project)


@pytest.fixture(scope="session")
def shared(bundle: Path) -> Scorer:
    """A scorer; nothing may be added to it."""
    return Scorer.load(bundle)


@pytest.fixture
def scorer(bundle: Path) -> Scorer:
    """A scorer of one's own."""
    return Scorer.load(bundle)


@pytest.fixture
def copy(bundle: Path, tmp_path: Path) -> Path:
    """A bundle of one's own."""
    return Path(shutil.copytree(bundle, tmp_path / "copy"))
