"""However a run ends, nothing of the cluster that it started is left."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.system

RUN = """
import os, signal, sys, time
from mmctr.runtime.scale.cluster import connected_cluster
from mmctr.runtime.scale.params import ScaleParams
from mmctr.runtime.signals import ended_by_sigterm
try:
    with ended_by_sigterm(), connected_cluster(ScaleParams(backend="ray")) as cluster:
        print(cluster.workers, flush=True)
        while True:
            time.sleep(0.1)
except KeyboardInterrupt:
    sys.exit(130)
"""


def processes_of(pid: int) -> list[str]:
    """Command lines that name the folder of a process's cluster."""
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True
    )
    return [x for x in listed.stdout.splitlines() if f"mmctr-ray-{pid}-" in x]


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)],
)
def test_nothing_is_left(number, code):
    with subprocess.Popen([sys.executable, "-c", RUN], stdout=subprocess.PIPE) as run:
        try:
            assert run.stdout is not None
            assert int(run.stdout.readline()) == len(os.sched_getaffinity(0))
            assert any("raylet" in x for x in processes_of(run.pid))
            run.send_signal(number)
            assert run.wait(60) == code
        finally:
            run.kill()
    until = time.monotonic() + 30
    while processes_of(run.pid) and time.monotonic() < until:
        time.sleep(0.2)
    assert processes_of(run.pid) == []
