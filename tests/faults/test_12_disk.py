"""Case 12: a full or read-only disk, a missing right: told, and nothing is damaged."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_runs import KEDRO, said, surroundings
from project_runs import REPOSITORY, copy_project, files_below

NOBODY = 65534
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
            "title_embeddings.npy can't be written: No space left on device; make",
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
        "title_embeddings.npy can't be written: Read-only file system; make that file "
        "system writable, then run again" in said(done)
    )
    assert files_below(project / "data") == before
    without_lock_or_parts(project / "data")


def readable_by_all(path: Path) -> bool:
    return all(each.stat().st_mode & 0o5 == 0o5 for each in (path, *path.parents))


@pytest.fixture
def others_project(finished: Path) -> Iterator[Path]:
    """A finished project that belongs to whoever the run is."""
    if os.getuid() == 0 and not (
        readable_by_all(REPOSITORY / "src") and readable_by_all(Path(KEDRO).parent)
    ):
        pytest.skip("the checkout is not readable by another user, as root can become")
    with tempfile.TemporaryDirectory() as name:
        folder = copy_project(Path(name))
        shutil.copytree(finished / "data", folder / "data")
        if os.getuid() == 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        yield folder


def run_as_another(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run as a user who is not root, whom no right is denied."""
    is_root = os.getuid() == 0
    return subprocess.run(
        [KEDRO, "run", "--env=test", *words],
        cwd=project,
        env={**surroundings(), "HOME": str(project), "PYTHONDONTWRITEBYTECODE": "1"},
        user=NOBODY if is_root else None,
        group=NOBODY if is_root else None,
        extra_groups=[] if is_root else None,
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
            "title_embeddings.npy can't be written: Permission denied; give yourself "
            "the right to, then run again",
        ),
        (
            "03_primary/test/item_feature.parquet",
            0,
            "item_feature.parquet can't be read: Permission denied; give yourself",
        ),
    ],
)
def test_a_missing_right(others_project, place, mode, words):
    project = others_project
    before = files_below(project / "data")
    path = project / "data" / place
    right = path.stat().st_mode
    path.chmod(mode)
    try:
        done = run_as_another(project, "--pipeline=embedding")
    finally:
        path.chmod(right)
    assert done.returncode == 1, said(done)
    assert words in said(done)
    assert files_below(project / "data") == before
    without_lock_or_parts(project / "data")
