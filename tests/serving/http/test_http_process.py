"""The server as a process: started, killed, reloaded under load, drained."""

import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from http_servers import MMCTR, NEW, PATIENCE, Server, post, surroundings

from mmctr import Scorer
from mmctr.runtime.atomic import atomic_folder

# A process for each.
pytestmark = pytest.mark.system

BODY = {"history": [1, NEW], "candidates": [3, 4, 5]}


class Clients:
    """Threads that ask without a pause, each over a connection of its own."""

    def __init__(self, server: Server, number: int) -> None:
        """Ask from now on."""
        self.answers: list[tuple[int, list[float]]] = []
        self.errors: list[Exception] = []
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(server,)) for _ in range(number)
        ]
        for each in self._threads:
            each.start()

    def _ask(self, server: Server) -> None:
        client = server.client()
        while not self._ended.is_set():
            try:
                status, found = post(client, "/score", BODY)
                self.answers.append((status, found.get("scores")))
            except (OSError, ValueError) as error:
                self.errors.append(error)
                return

    def wait_for_more(self, number: int) -> None:
        """Wait until so many more answers are there."""
        aim, end = len(self.answers) + number, time.monotonic() + PATIENCE
        while len(self.answers) < aim and not self.errors:
            assert time.monotonic() < end
            time.sleep(0.02)

    def end(self) -> None:
        """Ask no more."""
        self._ended.set()
        for each in self._threads:
            each.join()


def refused(bundle: Path, *options: str, **variables: str) -> str:
    """What a server that does not start says."""
    done = subprocess.run(
        [*MMCTR, "serve", str(bundle), *options],
        env=surroundings(**variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return done.stderr


def replace(path: Path, by: Path) -> None:
    """Rename a copy of a bundle over another."""
    with atomic_folder(path) as part:
        shutil.copytree(by, part, dirs_exist_ok=True)


def test_bundles_are_replaced_under_load_and_no_request_is_lost(
    path, bundle, other, tmp_path
):
    """A new one, a damaged one, a signal, and the end: by every client's count."""
    scorers = [Scorer.load(x) for x in (bundle, other)]
    before, after = (x.score(**BODY).tolist() for x in scorers)
    damaged = Path(shutil.copytree(other, tmp_path / "damaged"))
    (damaged / "weights.safetensors").write_bytes(b"?")
    with Server(path, tmp_path / "log", "--watch-seconds", 0.2) as server:
        clients = Clients(server, 4)
        for by, said in ((other, "in place of"), (damaged, "refused; bundle")):
            clients.wait_for_more(50)
            replace(path, by)
            server.wait_for(lambda said=said: said in server.log)
        clients.wait_for_more(50)
        replace(path, bundle)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for(lambda: server.log.count("in place of") == 2)
        clients.wait_for_more(50)
        clients.end()
        assert clients.errors == []
        assert {status for status, _ in clients.answers} == {200}
        scores = [answer for _, answer in clients.answers]
        assert scores[0] == scores[-1] == before != after
        assert after in scores
        assert all(x in (before, after) for x in scores)
        assert server.stop() == 0


def test_what_has_begun_is_answered_after_sigterm(bundle, own_scorer, tmp_path):
    items = own_scorer.items
    body = {"history": items[:50], "candidates": items * 40}
    with Server(bundle, tmp_path / "log", "--max-candidates", 10_000) as server:
        server.post("/score", BODY)
        answers: list[int] = []

        def ask() -> None:
            answers.append(server.post("/score", body)[0])

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for each in threads:
            each.start()
        time.sleep(0.3)  # some are being scored, others wait
        assert server.stop() == 0
        for each in threads:
            each.join()
        assert answers == [200] * 6
        assert "every request that had begun is answered" in server.log
        with pytest.raises(ConnectionRefusedError):
            server.get("/health")


def test_a_killed_server_is_started_again_at_the_same_port(bundle, tmp_path):
    with Server(bundle, tmp_path / "log") as server:
        expected = server.post("/score", BODY)
        clients = Clients(server, 3)
        clients.wait_for_more(20)
        server.process.kill()
        assert server.process.wait(PATIENCE) == -signal.SIGKILL
        clients.end()
        assert len(clients.errors) == 3
        assert {status for status, _ in clients.answers} == {200}
        port = server.port
    with Server(bundle, tmp_path / "log2", port=port) as again:
        assert again.port == port
        assert again.post("/score", BODY) == expected


def test_a_token_is_asked_for_and_never_written(bundle, tmp_path):
    token = "a-token-of-a-test"
    with Server(
        bundle, tmp_path / "log", "--token-env", "MMCTR_TOKEN", MMCTR_TOKEN=token
    ) as server:
        assert server.post("/score", BODY)[0] == 401
        assert server.get("/metrics")[0] == server.get("/docs")[0] == 401
        assert server.get("/health")[0] == 200
        key = {"Authorization": f"Bearer {token}"}
        assert server.post("/score", BODY, **key)[0] == 200
        assert server.stop(signal.SIGINT) == 0
        assert token not in server.log
        assert "no token is asked for" not in server.log


def test_others_can_ask_only_with_a_warning(bundle, tmp_path):
    with Server(bundle, tmp_path / "log", "--host", "0.0.0.0") as server:
        assert "0.0.0.0 can be reached from other machines" in server.log


def test_what_can_not_be_served_is_one_sentence(server, bundle, path, tmp_path):
    taken = refused(bundle, "--port", str(server.port))
    assert f"can't listen at 127.0.0.1, port {server.port}" in taken
    assert "MMCTR_NONE is empty" in refused(bundle, "--token-env", "MMCTR_NONE")
    assert "limits.candidates" in refused(bundle, "--max-candidates", "0")
    os.truncate(path / "weights.safetensors", 10)
    assert "weights.safetensors is damaged" in refused(path)
    assert "does not exist" in refused(tmp_path / "none")
