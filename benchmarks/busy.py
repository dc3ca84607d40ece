"""``kedro run`` on the sample while another program keeps one of two cores busy."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from benchmarks.child import Measurement, measure, medians
from benchmarks.project import copy_project, kedro

CORES = 2
SITUATIONS = {
    "alone": {"busy": False, "spinning": False},
    "busy": {"busy": True, "spinning": False},
    "alone_spinning": {"busy": False, "spinning": True},
}
"""Spinning is libgomp's own way to wait, which ``mmctr.settings`` replaces."""


def time_run(
    *, project: str, options: list[str], busy: bool, spinning: bool
) -> Measurement:
    """Time ``kedro run`` with two threads on two cores.

    Args:
        project: Folder with the sample's raw files.
        options: Of ``kedro run``.
        busy: Keep one of the cores busy meanwhile.
        spinning: Let threads spin where they wait for each other.
    """
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    os.sched_setaffinity(0, cores)
    environment = {**os.environ, "OMP_NUM_THREADS": str(len(cores))}
    # libgomp's default with no more threads than cores.
    environment |= {"GOMP_SPINCOUNT": "300000"} if spinning else {}
    with _busy_core(cores[0]) if busy else nullcontext():
        start = time.perf_counter()
        kedro(project, ["run", *options], environment)
        return {"seconds": time.perf_counter() - start}


def run(
    rounds: int,
    measure: Callable[..., Measurement] = measure,
    *,
    options: tuple[str, ...] = (),
) -> dict[str, float]:
    """Run the sample in every situation in turn, each round.

    Args:
        rounds: Rounds; medians are taken over them.
        measure: Runs a measurement by name.
        options: Of ``kedro run``.

    Returns:
        ``seconds_alone`` and ``seconds_busy``; ``ratio`` is busy over alone, and
        ``waiting_ratio`` the time alone over that of threads which spin.
    """
    taken: dict[str, list[Measurement]] = {name: [] for name in SITUATIONS}
    with tempfile.TemporaryDirectory() as folder:
        copy_project(Path(folder))
        kedro(folder, ["run", "--pipeline", "sample", *options], dict(os.environ))
        for place in range(rounds):
            sys.stderr.write(f"busy: round {place + 1} of {rounds}\n")
            for name, situation in SITUATIONS.items():
                given = {"project": folder, "options": list(options), **situation}
                taken[name].append(measure("busy_run", given))
    seconds = {name: medians(x)["seconds"] for name, x in taken.items()}
    return {
        "seconds_alone": seconds["alone"],
        "seconds_busy": seconds["busy"],
        "ratio": seconds["busy"] / seconds["alone"],
        "waiting_ratio": seconds["alone"] / seconds["alone_spinning"],
    }


@contextmanager
def _busy_core(core: int) -> Iterator[None]:
    loop = f"import os\nos.sched_setaffinity(0, [{core}])\nwhile True: pass"
    process = subprocess.Popen([sys.executable, "-c", loop])
    try:
        yield
    finally:
        process.kill()
        process.wait()
