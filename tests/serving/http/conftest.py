"""Bundles of the tiny sample, a scorer and a server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from http_servers import NEW, Server, new_items
from road_runs import road_project
from served_runs import bundle_of

from mmctr import Scorer


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle; only to be read."""
    return bundle_of(road_project(tmp_path_factory)[0], "test")


@pytest.fixture(scope="session")
def own_scorer(bundle: Path) -> Scorer:
    """What the server is compared with."""
    return Scorer.load(bundle)


@pytest.fixture(scope="session")
def server(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server; nothing may be added to it."""
    log = tmp_path_factory.mktemp("server") / "log"
    with Server(bundle, log, "--max-candidates", 300) as running:
        yield running


@pytest.fixture
def path(bundle: Path, tmp_path: Path) -> Path:
    """A bundle of one's own."""
    return Path(shutil.copytree(bundle, tmp_path / "bundle"))


@pytest.fixture(scope="session")
def other(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with the item ``NEW``, which the first has not; only to be read."""
    folder = tmp_path_factory.mktemp("other") / "bundle"
    scorer = Scorer.load(bundle)
    scorer.add_items(new_items(NEW))
    scorer.save(folder)
    return folder
