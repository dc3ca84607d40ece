"""Where Python has none of POSIX's modules, as on Windows."""

import subprocess
import sys

import pytest

# What Python lacks there, as far as this package calls it.
WITHOUT = """
import os, signal, sys
import multiprocessing.util, subprocess
for name in ("fcntl", "resource"):
    sys.modules[name] = None
for module, names in (
    (os, ("pread", "register_at_fork", "O_CLOEXEC", "fork", "getuid")),
    (signal, ("pthread_sigmask", "SIGKILL", "SIGHUP")),
):
    for name in names:
        delattr(module, name)
"""


def without_posix(code: str) -> str:
    """Run code there; returns what it printed, log included."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + code],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize(
    "module",
    [
        "mmctr.project.hooks",
        "mmctr.project.doctor.command",
        "mmctr.serving.scorer",
        "mmctr.serving.http.server",
    ],
)
def test_what_users_call_is_imported(module):
    without_posix(f"import {module}")


def test_a_data_set_is_worked_on_without_a_lock(tmp_path):
    found = without_posix(f"""
from pathlib import Path
from mmctr.runtime.dataset_lock import DatasetLock, held_by
folder = Path({str(tmp_path)!r})
assert DatasetLock.take(folder, "toys") is None
assert held_by(folder) == []
""")
    assert "make sure that no two runs use 'toys' at once" in found


def test_processes_memory_and_files(tmp_path):
    found = without_posix(f"""
from pathlib import Path
from mmctr.runtime.atomic import atomic_path
from mmctr.runtime.free_memory import peak_memory
from mmctr.runtime.processes import run_in_processes
with atomic_path(Path({str(tmp_path)!r}, "file")) as part:
    part.write_text("whole")
if __name__ == "__main__":
    print(dict(run_in_processes(len, {{"a": "four"}}, 1)), peak_memory())
""")
    assert found.strip() == "{'a': 4} 0"
    assert (tmp_path / "file").read_text() == "whole"
