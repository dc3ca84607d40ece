"""Requests a second of ``mmctr serve``, and how long each takes.

    python -m benchmarks.serving_http BUNDLE [--seconds 300] [--clients 8]

Server and clients share the machine's processors. Every answer is compared with the
first to the same request: one that differs ends the measurement.
"""

import argparse
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np

from mmctr import Scorer

QUESTIONS = 20
HISTORY = 20
SIZES = (1, 100, 1_000)
"""Candidates of a request; None of the sizes may be above those of the server."""

_ADDRESS = re.compile(r"at http://127\.0\.0\.1:(\d+) ")
_PATIENCE = 300


class LoadError(RuntimeError):
    """An answer was not the one that was expected."""


def questions(items: Sequence[Any], candidates: int, seed: int = 7) -> list[bytes]:
    """Bodies of requests, each of some user."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(QUESTIONS):
        past = rng.integers(0, len(items), HISTORY)
        asked = rng.integers(0, len(items), candidates)
        body = {
            "history": [items[x] for x in past],
            "candidates": [items[x] for x in asked],
        }
        found.append(json.dumps(body).encode())
    return found


def load(
    port: int, bodies: list[bytes], *, clients: int, seconds: float
) -> dict[str, float]:
    """Ask without a pause, over connections that stay open.

    Args:
        port: Of a server on this machine.
        bodies: Asked in turn; each has one right answer.
        clients: How many ask at once.
        seconds: How long.

    Returns:
        ``requests``, ``requests_per_s``, and ``p50_ms``, ``p99_ms``, ``max_ms``.

    Raises:
        LoadError: If an answer is no 200, or not that of before.
    """
    expected = [_ask(_connect(port), body) for body in bodies]
    end = time.perf_counter() + seconds
    times: list[list[float]] = [[] for _ in range(clients)]
    faults: list[Exception] = []

    def ask(place: int) -> None:
        connection, turn = _connect(port), place
        try:
            while not faults and (start := time.perf_counter()) < end:
                which = turn % len(bodies)
                if _ask(connection, bodies[which]) != expected[which]:
                    raise LoadError(f"another answer to question {which}")
                times[place].append(time.perf_counter() - start)
                turn += 1
        except (OSError, LoadError) as error:
            faults.append(error)

    threads = [threading.Thread(target=ask, args=(x,)) for x in range(clients)]
    start = time.perf_counter()
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    taken = time.perf_counter() - start
    if faults:
        raise LoadError(str(faults[0])) from faults[0]
    found = np.concatenate(times) * 1_000
    return {
        "requests": float(len(found)),
        "requests_per_s": len(found) / taken,
        "p50_ms": float(np.percentile(found, 50)),
        "p99_ms": float(np.percentile(found, 99)),
        "max_ms": float(found.max()),
    }


def run(
    bundle: Path, *, seconds: float, clients: int, sizes: Sequence[int] = SIZES
) -> dict[int, dict[str, float]]:
    """Start a server, load it with requests of every size, and end it.

    Returns:
        The numbers of :func:`load`, ``cpu_ms``, processor time of the server per
        request, and ``mb_at_first`` and ``mb_at_last``, its memory; by size.
    """
    items = Scorer.load(bundle).items
    process = subprocess.Popen(
        [sys.executable, "-m", "mmctr", "serve", str(bundle), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        port = _port_of(process)
        found = {}
        for size in sizes:
            bodies = questions(items, size)
            load(port, bodies, clients=clients, seconds=min(2, seconds))  # warm
            before = _number(port, "process_cpu_seconds_total")
            at_first = _memory_mb(port)
            own = load(port, bodies, clients=clients, seconds=seconds)
            used = _number(port, "process_cpu_seconds_total") - before
            own["cpu_ms"] = 1_000 * used / (own["requests"] + len(bodies))
            own |= {"mb_at_first": at_first, "mb_at_last": _memory_mb(port)}
            found[size] = own
        return found
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _port_of(process: "subprocess.Popen[str]") -> int:
    assert process.stderr is not None
    for line in process.stderr:
        if found := _ADDRESS.search(line):
            return int(found[1])
    raise LoadError("the server did not start")


def _connect(port: int) -> HTTPConnection:
    return HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)


def _ask(connection: HTTPConnection, body: bytes) -> bytes:
    connection.request("POST", "/score", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise LoadError(f"status {answer.status}: {text[:200]!r}")
    return text


def _memory_mb(port: int) -> float:
    return _number(port, "process_resident_memory_bytes") / 1e6


def _number(port: int, name: str) -> float:
    """One of the server's own."""
    connection = _connect(port)
    connection.request("GET", "/metrics")
    page = connection.getresponse().read().decode()
    found = re.search(rf"^{name} (\S+)$", page, re.M)
    return float(found[1]) if found else float("nan")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving_http")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--seconds", type=float, default=20, help="per size")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    given = parser.parse_args()
    found = run(
        given.bundle,
        seconds=given.seconds,
        clients=given.clients,
        sizes=given.sizes,
    )
    names = list(next(iter(found.values())))
    lines = ["candidates" + "".join(f"{x:>16}" for x in names)]
    for size, own in found.items():
        lines.append(f"{size:>10}" + "".join(f"{own[x]:>16,.1f}" for x in names))
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
