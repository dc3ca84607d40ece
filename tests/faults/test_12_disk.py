"""Case 12: a full or read-only disk, a missing permission: named; files stay whole."""

import ctypes
import os
import subprocess
from pathlib import Path

import pytest
from fault_runs import KEDRO, said, surroundings
from project_runs import files_below

LIBC = ctypes.CDLL(None)
RUN = f"{KEDRO} run --env=test"


def may_mount() -> bool:
    try:
        tried = subprocess.run(
            ["unshare", "-rm", "sh", "-c", "mount -t tmpfs none /mnt"],
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        return False
    return tried.returncode == 0


needs_mount = pytest.mark.skipif(
    not may_mount(), reason="`unshare -rm` and mount are not permitted here"
)


def in_namespace(project: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script that may mount; its mounts end with it."""
    return subprocess.run(
        ["unshare", "-rm", "sh", "-eu", "-c", script],
        cwd=project,
        env=surroundings(),
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


def without_lock_or_parts(folder: Path) -> None:
    assert not (folder / "08_reporting/test/.lock").exists()
    assert [path.name for path in folder.rglob("*.part")] == []


@needs_mount
@pytest.mark.parametrize(
    ("pages", "words"),
    [
        # For the lock, but not for the vectors of 200 titles.
        (
            3,
            "vectors can't be written: No space left on device; make",
        ),
        (0, ".lock: No space left on device; a run must write"),
    ],
)
def test_a_full_disk(project, finished, pages, words):
    (project / "data").mkdir()
    left = project / "left"
    done = in_namespace(
        project,
        f"""
        mount -t tmpfs -o size=64m none data
        cp -a {finished}/data/. data/
        rm -r data/08_reporting/test/run.json
        dd if=/dev/zero of=data/filler bs=4k 2>/dev/null || true
        truncate -s -{pages * 4096} data/filler
        code=0
        {RUN} --pipeline=embedding || code=$?
        rm data/filler
        cp -a data {left}
        exit $code
        """,
    )
    assert done.returncode == 1, said(done)
    assert words in said(done)
    without_lock_or_parts(left)
    before = files_below(finished / "data")
    del before["08_reporting/test/run.json"]
    assert files_below(left) == before


@needs_mount
def test_a_folder_that_may_only_be_read(finished_project):
    project = finished_project
    before = files_below(project / "data")
    folder = "data/04_feature"
    done = in_namespace(
        project,
        f"""
        mount --bind {folder} {folder}
        mount -o remount,bind,ro {folder}
        {RUN} --pipeline=embedding
        """,
    )
    assert done.returncode == 1, said(done)
    assert (
        "vectors can't be written: Read-only file system; make that file "
        "system writable, then run again" in said(done)
    )
    assert files_below(project / "data") == before
    without_lock_or_parts(project / "data")


def obey_rights() -> None:
    """Take from a child the powers of root that pass over a file's mode.

    Another user would do, but may not reach this interpreter.
    """
    if os.getuid() == 0:
        drop_from_bounding_set, overriding, searching = 24, 1, 2
        for power in (overriding, searching):
            assert LIBC.prctl(drop_from_bounding_set, power, 0, 0, 0) == 0


def run_without_powers(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [KEDRO, "run", "--env=test", *words],
        cwd=project,
        env=surroundings(),
        preexec_fn=obey_rights,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


@pytest.mark.parametrize(
    ("place", "mode", "words"),
    [
        (
            "04_feature/test",
            0o555,
            "vectors can't be written: Permission denied; change the permissions",
        ),
        (
            "03_primary/test/items.parquet",
            0,
            "items.parquet can't be read: Permission denied; change the permissions",
        ),
    ],
)
def test_a_missing_right(finished_project, place, mode, words):
    project = finished_project
    before = files_below(project / "data")
    path = project / "data" / place
    right = path.stat().st_mode
    path.chmod(mode)
    try:
        done = run_without_powers(project, "--pipeline=embedding")
    finally:
        path.chmod(right)
    assert done.returncode == 1, said(done)
    assert words in said(done)
    assert files_below(project / "data") == before
    without_lock_or_parts(project / "data")
