"""``kill -9`` at random moments: nothing that was paid for is paid for twice."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context, set_start_method
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from embedding_contract_server import KEY, Body, ContractServer, Handler
from project_runs import REPOSITORY, copy_project, must_run, write_config

from mmctr.content.embedders.cache import EmbeddingCache, vector_key
from mmctr.content.embedders.embed import embed_texts
from mmctr.content.embedders.params import EmbeddingParams

N_TITLES = 1400
REQUEST_SIZE = 4
CONCURRENCY = 3
KILLS_OF_EMBED_TITLES = 24
KILLS_OF_KEDRO_RUN = 4
WIDTH = 16
MODEL = "text-embedding-3-large"
CACHE = "data/02_intermediate/embedding_cache.sqlite"
OUTPUT = "data/04_feature/toys/vectors/title.npy"


@dataclass
class Received:
    """A request, of which run, and whether its answer was written to the end."""

    run: str
    texts: list[str]
    answered: bool = False


class WatchedServer(ContractServer):
    """Knows which run sent what, by the organisation in its headers."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.news = threading.Condition()
        super().__init__()
        chance = random.Random(1)
        self.gate = lambda number: time.sleep(chance.uniform(0.0, 0.03))

    @property
    def handler(self) -> type[Handler]:
        """What answers one request."""
        return WatchedHandler

    def of_run(self, run: str) -> list[Received]:
        """Requests of one run."""
        with self.news:
            return [request for request in self.received if request.run == run]

    def wait_for(self, run: str, count: int, is_alive: Callable[[], bool]) -> None:
        """Wait until a run has sent so many requests."""
        until = time.monotonic() + 120
        while len(self.of_run(run)) < count:
            assert is_alive(), f"{run} ended by itself"
            assert time.monotonic() < until, f"{run} sends nothing"
            with self.news:
                self.news.wait(0.05)


class WatchedHandler(Handler):
    contract: WatchedServer

    def read_body(self) -> Body:
        """Note the request."""
        body = super().read_body()
        self.request_seen = Received(self.headers["openai-organization"], body["input"])
        with self.contract.news:
            self.contract.received.append(self.request_seen)
            self.contract.news.notify_all()
        return body

    def send_answer(self, status: int, content: bytes) -> None:
        """Note that it was answered."""
        super().send_answer(status, content)
        self.request_seen.answered = True


@dataclass
class Kill:
    """The state of a run when it was killed."""

    run: str
    kept: set[str]  # texts in the cache, of this run and earlier ones
    unanswered: int
    requests: list[Received] = field(default_factory=list)

    @property
    def lost(self) -> list[Received]:
        """Requests that were sent and not kept."""
        return [r for r in self.requests if not self.kept.issuperset(r.texts)]


def settings_of(url: str) -> Body:
    return {
        "base_url": url,
        "model": MODEL,
        "dimensions": WIDTH,
        "request_size": REQUEST_SIZE,
        "concurrency": CONCURRENCY,
        "max_retries": 0,
    }


def environment(run: str) -> dict[str, str]:
    return {
        "OPENAI_API_KEY": KEY,
        "OPENAI_ORG_ID": run,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(REPOSITORY / "src"),
    }


def embed_in_child(run: str, titles: list[str], url: str, cache: str) -> None:
    """What a killed process does: the step of the pipeline without Kedro around it."""
    # So that what a killed process held is no leak that Python warns of at the end.
    set_start_method("fork", force=True)
    os.environ.update(environment(run))
    params = EmbeddingParams(provider="openai", cache=cache, openai=settings_of(url))
    embed_texts(titles, params)


@pytest.fixture
def server(valid_key) -> Iterator[WatchedServer]:
    """Replaces the fixture of the folder."""
    contract = WatchedServer()
    yield contract
    contract.stop()


@pytest.fixture
def toys(tmp_path) -> Path:
    """A project of 1,400 items after preparation."""
    project = copy_project(tmp_path / "project")
    rng = np.random.default_rng(2)
    ids = np.arange(N_TITLES) + 7
    log = project / "data/01_raw/interactions"  # where the environment looks for it
    log.mkdir(parents=True)
    titles = [f"toy number {i}" if i % 50 else "" for i in ids]
    pq.write_table(pa.table({"item_id": ids, "title": titles}), log / "items.parquet")
    events = {
        "user_id": rng.integers(0, 60, 3000),
        "item_id": rng.choice(ids, 3000),
        "timestamp": rng.integers(0, 10**7, 3000),
    }
    pq.write_table(pa.table(events), log / "interactions.parquet")
    kedro(project, "preparation", {})
    return project


def kedro(project: Path, pipeline: str, params: Body) -> None:
    settings = {"pipeline": pipeline, "params": {"dataset": "toys", **params}}
    config = write_config(project / "run.yml", env="interactions", **settings)
    must_run(project, "--config", config)


def start_kedro(project: Path, run: str, url: str) -> subprocess.Popen:
    """``kedro run`` as it is typed."""
    settings = {"embedding.provider": "openai", "dataset": "toys"} | {
        f"embedding.openai.{name}": value for name, value in settings_of(url).items()
    }
    params = ",".join(f"{name}={value}" for name, value in settings.items())
    command = [str(Path(sys.executable).parent / "kedro"), "run"]
    command += ["--env", "interactions", "--pipeline", "embedding", "--params", params]
    env = {**os.environ, **environment(run)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, cwd=project, env=env, **quiet)


def kept_texts(project: Path, scratch: Path, titles: list[str], url: str) -> set[str]:
    """Texts in the cache; of a copy, so that a restart finds what a kill left."""
    shutil.rmtree(scratch, ignore_errors=True)
    if not (project / CACHE).exists():
        return set()
    shutil.copytree((project / CACHE).parent, scratch)
    space = f"openai/{MODEL}/width-{WIDTH}/{url.partition('://')[2]}"
    keys = {vector_key(space, title): title for title in titles}
    with EmbeddingCache(scratch / Path(CACHE).name) as cache:
        return {keys[key] for key in cache.known(list(keys))}


@dataclass
class Killer:
    """Kills runs after some requests and a moment, or at any moment of the start."""

    server: WatchedServer
    chance: random.Random = field(default_factory=lambda: random.Random(20))

    def kill(self, run: str, pid: int, is_alive: Callable[[], bool]) -> int:
        """Kill a run; returns how many of its requests were not answered then."""
        if self.chance.random() < 0.85:
            self.server.wait_for(run, self.chance.randint(1, 12), is_alive)
            time.sleep(self.chance.uniform(0.0, 0.05))
        else:
            time.sleep(self.chance.uniform(0.0, 0.4))
        assert is_alive(), f"{run} ended by itself"
        os.kill(pid, signal.SIGKILL)
        return sum(not request.answered for request in self.server.of_run(run))

    def kill_step(self, run: str, titles: list[str | None], cache: Path) -> int:
        """The same, of a process that embeds titles."""
        context = get_context("forkserver")
        context.set_forkserver_preload(["mmctr.content.embedders.openai.api"])
        arguments = (run, titles, self.server.url, str(cache))
        child = context.Process(target=embed_in_child, args=arguments, daemon=True)
        child.start()
        unanswered = self.kill(run, child.pid, child.is_alive)
        child.join()
        assert child.exitcode == -signal.SIGKILL
        return unanswered

    def kill_kedro(self, run: str, project: Path) -> int:
        """The same, of ``kedro run``."""
        with start_kedro(project, run, self.server.url) as process:
            unanswered = self.kill(run, process.pid, lambda: process.poll() is None)
        assert process.returncode == -signal.SIGKILL
        assert not (project / OUTPUT).exists()
        return unanswered


def check_the_bill(runs: list[Kill], titles: list[str], inputs: list[str]) -> None:
    """No text was sent twice, except those in flight at a kill."""
    before: set[str] = set()
    lost: Counter[str] = Counter()
    for run in runs:
        sent = {text for request in run.requests for text in request.texts}
        assert before.isdisjoint(sent), f"{run.run} sent what was kept"
        assert before <= run.kept <= before | sent, f"{run.run} lost what was kept"
        assert len(run.lost) <= CONCURRENCY
        for request in run.lost:  # a request is kept whole or not at all
            assert run.kept.isdisjoint(request.texts)
            lost.update(request.texts)
        before = run.kept
    assert Counter(inputs) == Counter(titles) + lost


def check_the_stages(kills: list[Kill], titles: list[str]) -> None:
    """The kills hit all stages, with work left to do."""
    assert len(kills) >= 20
    assert all(len(kill.kept) < len(titles) for kill in kills)
    assert len({len(kill.kept) for kill in kills}) >= 10
    assert sum(kill.unanswered > 0 for kill in kills) >= 5
    assert sum(len(kill.lost) > 0 for kill in kills) >= 10
    assert sum(not kill.requests for kill in kills) >= 1


@pytest.mark.system
def test_kills_cost_what_was_in_flight_and_nothing_else(toys, server, tmp_path):
    """24 kills of the step, 4 of ``kedro run``; one more run comes to its end."""
    items = pq.read_table(toys / "data/03_primary/toys/items.parquet")
    rows = items["title"].to_pylist()
    titles = [title for title in rows if title]
    killer, kills = Killer(server), []
    for number in range(KILLS_OF_EMBED_TITLES + KILLS_OF_KEDRO_RUN):
        run = f"run-{number}"
        if number < KILLS_OF_EMBED_TITLES:
            unanswered = killer.kill_step(run, rows, toys / CACHE)
        else:
            unanswered = killer.kill_kedro(run, toys)
        kept = kept_texts(toys, tmp_path / "scratch", titles, server.url)
        kills.append(Kill(run, kept, unanswered))
    with start_kedro(toys, "last", server.url) as process:
        assert process.wait(120) == 0
    runs = [*kills, Kill("last", set(titles), 0)]
    for run in runs:  # only now, as the server may have read some late
        run.requests = server.of_run(run.run)
    check_the_bill(runs, titles, server.inputs)
    check_the_stages(kills, titles)
    file = toys / "data/08_reporting/toys/embedding.json"
    report = json.loads(file.read_text())["title"]
    assert report["cached"] == len(kills[-1].kept)
    assert report["cached"] + report["sent"] == len(titles)

    after_kills = (toys / OUTPUT).read_bytes()
    (toys / OUTPUT).unlink()
    settings = {"provider": "openai", "openai": settings_of(server.url)}
    kedro(toys, "embedding", {"embedding": settings | {"cache": "whole.sqlite"}})
    assert Counter(server.inputs[-len(titles) :]) == Counter(titles)
    assert (toys / OUTPUT).read_bytes() == after_kills
