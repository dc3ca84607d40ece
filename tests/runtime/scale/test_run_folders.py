"""Folders of killed runs are removed, and no others."""

import os
import subprocess
import sys

import pytest

from mmctr.runtime.scale.run_folders import run_folder


def gone() -> int:
    """Number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        return process.pid


def test_a_folder_ends_with_its_block(tmp_path):
    with pytest.raises(KeyError), run_folder(tmp_path / "new", "group-a") as own:
        (own / "file").touch()
        raise KeyError
    assert not own.exists()


def test_only_those_of_processes_that_are_gone_here_are_removed(tmp_path):
    ended, running = gone(), os.getppid()
    kept = [
        f"group-a-{running}-00000000",  # goes on
        f"group-b-{ended}-00000000",  # of another machine
        f"group-a-b-{ended}-00000000",  # of a machine with a longer name
        "group-a-notes",
    ]
    for name in [*kept, f"group-a-{ended}-00000000"]:
        (tmp_path / name).mkdir()
    with run_folder(tmp_path, "group-a") as own:
        assert sorted(x.name for x in tmp_path.iterdir()) == sorted([*kept, own.name])
