"""What the settings do to a process before anything heavy is loaded."""

import os
import subprocess
import sys

import pytest

LOADED_LATER = (
    "import os, pathlib, sys\n"
    "import mmctr.settings, mmctr.project.cli, mmctr.pipeline_registry\n"
    "maps = pathlib.Path('/proc/self/maps')\n"
    "assert not maps.exists() or 'gomp' not in maps.read_text()\n"
    "sys.stdout.write(os.environ['OMP_WAIT_POLICY'])\n"
)


@pytest.mark.parametrize(
    ("own", "used"), [({}, "passive"), ({"OMP_WAIT_POLICY": "active"}, "active")]
)
def test_waiting_threads_sleep_unless_the_user_says_otherwise(own, used):
    """OpenMP reads the variable when it is loaded: with torch, in a node."""
    others = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-c", LOADED_LATER],
        env={**others, **own},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (used, "")
