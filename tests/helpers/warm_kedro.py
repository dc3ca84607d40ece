"""``kedro`` in a process of its own that is forked from one with all imports done.

Real processes, real signals and kills, without ten seconds of imports for each.
"""

import atexit
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

import warm_kedro_server


@functools.cache
def server_address() -> str:
    """Start the process that forks, one for this process of tests."""
    folder = tempfile.mkdtemp(prefix="kedro-")
    address = str(Path(folder) / "socket")
    server = subprocess.Popen(
        [sys.executable, warm_kedro_server.__file__, address],
        stdin=subprocess.PIPE,  # closed with this process, and the server ends
        stdout=subprocess.DEVNULL,
    )
    atexit.register(server.kill)
    until = time.monotonic() + 300
    while not Path(address).exists():
        assert server.poll() is None, "the process that forks kedro failed to start"
        assert time.monotonic() < until
        time.sleep(0.05)
    return address


class WarmKedro:
    """A running ``kedro``, with what tests use of ``subprocess.Popen``.

    Args:
        folder: Where it runs.
        arguments: Kedro's.
        environment: Its whole environment; libraries have read theirs before.
        stdout: A file that is open for writing.
        stderr: Another one, or the same.
        patch: Python to run before.
    """

    def __init__(  # noqa: PLR0913
        self,
        folder: Path,
        arguments: tuple[str, ...],
        *,
        environment: dict[str, str],
        stdout: IO,
        stderr: IO,
        patch: str = "",
    ) -> None:
        self.returncode: int | None = None
        request = {
            "folder": str(folder),
            "arguments": arguments,
            "environment": environment,
            "patch": patch,
        }
        self._connection = socket.socket(socket.AF_UNIX)
        # The server may be at its ``bind``, a moment before it listens.
        for wait in (0.1, 1, 5):
            try:
                self._connection.connect(server_address())
                break
            except ConnectionRefusedError:
                time.sleep(wait)
        outputs = [stdout.fileno(), stderr.fileno()]
        socket.send_fds(self._connection, [json.dumps(request).encode()], outputs)
        self._answers = self._connection.makefile()
        self.pid = int(self._answers.readline())

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; return its exit code, minus the signal that killed it."""
        if self.returncode is None:
            self._connection.settimeout(timeout)
            self.returncode = int(self._answers.readline())
            self._answers.close()
            self._connection.close()
        return self.returncode

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""
        if self.returncode is None and Path(f"/proc/{self.pid}").exists():
            return None
        return self.wait()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
