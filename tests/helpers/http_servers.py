"""``mmctr serve`` as a process of its own, and what clients ask it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

import pandas as pd
from paths import REPOSITORY

NEW = 10**9
"""An item that the tiny sample has not."""

PATIENCE = 300
"""Seconds that anything may take on a busy machine."""

MMCTR = (sys.executable, "-m", "mmctr")

_ADDRESS = re.compile(r"at http://[\d.]+:(\d+) ")


def surroundings(**more: str) -> dict[str, str]:
    """Variables of a process, with this checkout's package."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY / "src"), **more}


def new_items(*ids: int) -> pd.DataFrame:
    """Items to add."""
    return pd.DataFrame({"item_id": ids, "likes_level": 3})


class Server:
    """A server on a free port of this machine; ended at the end of a with-block."""

    def __init__(
        self,
        bundle: Path,
        log: Path,
        *options: Any,
        port: int = 0,
        program: Sequence[Any] = MMCTR,
        **variables: str,
    ) -> None:
        """Start it, and wait until it listens."""
        self._log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [*map(str, (*program, "serve", bundle, "--port", port, *options))],
                cwd=log.parent,
                env=surroundings(**variables),
                stdout=out,
                stderr=out,
            )
        self.wait_for(lambda: _ADDRESS.search(self.log))
        self.port = int(_ADDRESS.findall(self.log)[-1])

    def __enter__(self) -> Self:
        """The server."""
        return self

    def __exit__(self, *error: object) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait(PATIENCE)

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text()

    def wait_for(self, condition: Any) -> None:
        """Wait until something is true."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if self.process.poll() is not None:
                raise AssertionError(
                    f"it ended with {self.process.returncode}: {self.log}"
                )
            assert time.monotonic() < end, self.log
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def client(self) -> HTTPConnection:
        """A connection that stays open."""
        return HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Status and text of an answer."""
        client = self.client()
        client.request("GET", path, headers=headers)
        answer = client.getresponse()
        return answer.status, answer.read().decode()

    def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        client = self.client()
        try:
            return post(client, path, body, **headers)
        finally:
            client.close()


def post(
    client: HTTPConnection, path: str, body: Any, **headers: str
) -> tuple[int, Any]:
    """Send JSON, or bytes as they are, over an open connection."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    client.request("POST", path, sent, {"Content-Type": "application/json", **headers})
    answer = client.getresponse()
    return answer.status, json.loads(answer.read())
