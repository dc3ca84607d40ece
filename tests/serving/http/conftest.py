"""A bundle of the tiny sample, a scorer and a server on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from http_servers import Server
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
