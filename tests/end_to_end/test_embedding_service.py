"""The embedding pipeline against a service: plan, limit, Ctrl-C, secrets."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from embedding_contract_server import KEY, ContractServer
from project_runs import (
    REPOSITORY,
    copy_project,
    files_below,
    kedro_run,
    must_run,
    write_config,
    write_log,
)

VECTORS = "data/04_feature/toys/vectors/title.npy"
KEDRO = str(Path(sys.executable).parent / "kedro")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of sixty items, up to their titles; only copies of it are changed."""
    project = copy_project(tmp_path_factory.mktemp("prepared"))
    # Where the environment looks for it: image vectors are read from the source.
    write_log(project / "data/01_raw/interactions")
    params = {"dataset": "toys"}
    config = write_config(
        project / "run.yml", env="interactions", pipeline="preparation", params=params
    )
    must_run(project, "--config", config)
    return project


@pytest.fixture
def toys(prepared: Path, project: Path) -> Path:
    """A copy of one's own."""
    for name, content in files_below(prepared / "data").items():
        path = project / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return project


@pytest.fixture
def server(monkeypatch) -> Iterator[ContractServer]:
    """The contract server, with its key in the environment."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    contract = ContractServer()
    yield contract
    contract.stop()


def arguments(server: ContractServer, **changes: object) -> list[str]:
    """What is typed behind ``kedro run``."""
    settings = {
        "base_url": server.url,
        "dimensions": 16,
        "request_size": 5,
        "max_retries": 0,
        "concurrency": 2,
    } | changes
    params = ["dataset=toys", "embedding.provider=openai"]
    params += [f"embedding.openai.{name}={value}" for name, value in settings.items()]
    return [
        "--env=interactions",
        "--pipeline=embedding",
        f"--params={','.join(params)}",
    ]


def start(project: Path, *command: str, **environment: str) -> subprocess.Popen[str]:
    """Start a command in the project's folder."""
    return subprocess.Popen(
        command,
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "src")} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def test_a_dry_run_prints_the_plan_and_changes_nothing(toys, server, monkeypatch):
    """Exit code 0, without a key."""
    monkeypatch.delenv("OPENAI_API_KEY")
    before = files_below(toys / "data")
    result = kedro_run(toys, *arguments(server, dry_run="true"))
    assert result.exit_code == 0
    lines = [line.split() for line in result.output.splitlines()]
    assert ["titles", "59"] in lines
    assert lines.index(["cached", "0"]) < lines.index(["requests", "11"])
    assert "dry run: nothing was sent" in result.output
    assert server.requests == []
    assert files_below(toys / "data") == before


def test_a_bill_above_the_limit_is_refused(toys, server):
    """Exit code 1, with the figure; nothing is sent or written."""
    before = files_below(toys / "data")
    changes = {"usd_per_million_tokens": 1e6, "max_cost_usd": 20}
    result = kedro_run(toys, *arguments(server, **changes))
    assert result.exit_code == 1
    message = result.output.partition("Error: ")[2]
    assert "This may cost $" in message
    assert "embedding.openai.max_cost_usd = 20; nothing was sent" in message
    assert server.requests == []
    assert files_below(toys / "data") == before


def test_a_failed_request_leaves_no_vectors(toys, server):
    """Exit code 1 and how far it came; the next run brings the rest."""
    server.failures = [(500, "no luck")]
    result = kedro_run(toys, *arguments(server))
    assert result.exit_code == 1
    assert "failed: " in result.output
    assert "run again to resume" in result.output
    assert not (toys / VECTORS).exists()
    inputs = len(server.inputs)
    must_run(toys, *arguments(server))
    assert len(server.inputs) == inputs + 5
    assert np.load(toys / VECTORS).shape == (61, 16)


def interrupt(toys: Path, server: ContractServer, *, times: int) -> tuple[int, str]:
    """``kedro run`` with Ctrl-C while the third and fourth request are in flight."""
    reached, go_on = threading.Event(), threading.Event()

    def gate(number: int) -> None:
        if number >= 3:
            if number == 4:
                reached.set()
            go_on.wait(60)

    server.gate = gate
    with start(toys, KEDRO, "run", *arguments(server), COLUMNS="400") as process:
        try:
            assert reached.wait(120)
            process.send_signal(signal.SIGINT)
            output = ""
            for line in process.stdout:
                output += line
                if "press Ctrl-C again" in line:
                    break
            if times == 2:
                process.send_signal(signal.SIGINT)
            else:
                go_on.set()
            output += process.stdout.read()
            code = process.wait(60)
        finally:
            go_on.set()
            process.kill()
    server.gate = lambda number: None
    return code, output


@pytest.mark.system
def test_ctrl_c_finishes_what_is_in_flight(toys, server):
    """Exit code 130; what was paid is kept, and the next run brings the rest."""
    code, output = interrupt(toys, server, times=1)
    assert code == 130, output
    assert "Stopped: 20 of " in output
    assert "run again to resume" in output
    assert "Traceback" not in output
    assert not (toys / VECTORS).exists()
    assert len(server.requests) == 4
    must_run(toys, *arguments(server))
    assert len(server.inputs) == len(set(server.inputs))
    assert np.load(toys / VECTORS).shape == (61, 16)


@pytest.mark.system
def test_a_second_ctrl_c_stops_now(toys, server):
    """Requests in flight are lost, those finished kept."""
    code, output = interrupt(toys, server, times=2)
    assert code == 130, output
    assert "Stopped: stopped at once" in output
    assert "Traceback" not in output
    server.requests.clear()
    must_run(toys, *arguments(server))
    file = toys / "data/08_reporting/toys/embedding.json"
    report = json.loads(file.read_text())["title"]
    assert report["cached"] == 10
    assert np.load(toys / VECTORS).shape == (61, 16)


LOUD = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"all": {"format": "%(levelname)s %(name)s %(message)s %(args)s"}},
    "handlers": {
        "stream": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "all",
            "level": "NOTSET",
        }
    },
    "root": {"level": "NOTSET", "handlers": ["stream"]},
}
"""Every record of every logger, so those of any level."""


@pytest.mark.system
@pytest.mark.parametrize("place", ["variable", "file"])
def test_the_key_is_nowhere(toys, server, monkeypatch, place):
    """A run that fails as the service repeats the key, and one that ends well."""
    (toys / "loud.yml").write_text(yaml.safe_dump(LOUD))
    credentials = toys / "conf/local/credentials.yml"
    if place == "file":
        monkeypatch.delenv("OPENAI_API_KEY")
        credentials.write_text(yaml.safe_dump({"openai": {"api_key": KEY}}))
    loud = {
        "KEDRO_LOGGING_CONFIG": str(toys / "loud.yml"),
        "OPENAI_LOG": "debug",
        "COLUMNS": "400",
    }

    def output_of(*command: str, code: int) -> str:
        with start(toys, KEDRO, *command, **loud) as process:
            output, _ = process.communicate(timeout=120)
        assert process.returncode == code, output
        assert KEY not in output
        return output

    said = f"Incorrect API key provided: {KEY}. Yours is {KEY}"
    server.failures = [(401, said)] * 12
    server.headers = server.headers | {"x-your-key": KEY, "openai-organization": KEY}
    output = output_of("run", *arguments(server), "--traceback", code=1)
    assert "Incorrect API key provided: ***" in output
    assert "DEBUG httpcore" in output
    server.failures, server.headers = [], {}
    output_of("run", *arguments(server), "--traceback", code=0)
    output_of("catalog", "resolve-patterns", "--env=interactions", code=0)
    assert set(server.keys) == {f"Bearer {KEY}"}
    credentials.unlink(missing_ok=True)
    for name, content in files_below(toys).items():
        assert KEY.encode() not in content, name
