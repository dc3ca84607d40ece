"""A lock on a data set: one holder, many sharers, gone with the process."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mmctr.runtime.dataset_lock import LOCK_FILE, DatasetBusyError, DatasetLock, held_by

HOLDER = """
import sys, time
from pathlib import Path
from mmctr.runtime.dataset_lock import DatasetLock
lock = DatasetLock.take(Path(sys.argv[1]), "toys", shared=sys.argv[2] == "shared")
print("taken", flush=True)
time.sleep(500)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "08_reporting" / "toys"


@pytest.fixture
def hold(folder):
    """Start processes that hold the lock, and end them."""
    started = []

    def start(mode: str = "alone") -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(folder), mode],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        started.append(process)
        assert process.stdout.readline() == b"taken\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_the_second_is_told_who_has_it(folder, hold):
    holder = hold()
    with pytest.raises(DatasetBusyError) as caught:
        DatasetLock.take(folder, "toys")
    for words in ("'toys'", f"process {holder.pid} on ", "since 2", "dataset=NAME"):
        assert words in str(caught.value)
    assert [x["pid"] for x in held_by(folder)] == [holder.pid]


def test_a_killed_process_holds_nothing(folder, hold):
    holder = hold()
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert held_by(folder) == []
    lock = DatasetLock.take(folder, "toys")
    (line,) = (folder / LOCK_FILE).read_text().splitlines()
    assert json.loads(line)["pid"] == os.getpid()
    lock.release()


def test_sharers_share_and_keep_others_out(folder, hold):
    one = hold("shared")
    lock = DatasetLock.take(folder, "toys", shared=True)
    with pytest.raises(DatasetBusyError) as caught:
        DatasetLock.take(folder, "toys")
    assert f"process {one.pid} " in str(caught.value)
    assert f"process {os.getpid()} " in str(caught.value)
    lock.release()
    assert [x["pid"] for x in held_by(folder)] != []
    with pytest.raises(DatasetBusyError):
        DatasetLock.take(folder, "toys")


def test_given_back_it_leaves_nothing_and_can_be_taken_again(folder, tmp_path):
    lock = DatasetLock.take(folder, "toys")
    lock.release()
    lock.release()
    assert list(tmp_path.iterdir()) == []
    again = DatasetLock.take(folder, "toys")
    (folder / "metrics.json").touch()
    again.release()
    assert [path.name for path in folder.iterdir()] == ["metrics.json"]


def test_a_child_that_outlives_a_killed_holder_holds_nothing(folder):
    code = HOLDER.replace("time.sleep(500)", "").replace(
        'print("taken", flush=True)',
        "import os, signal\n"
        "if os.fork() == 0:\n"
        "    print(os.getpid(), flush=True); os.close(1)\n"
        "    time.sleep(500); os._exit(0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)",
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), "alone"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    child = int(done.stdout)
    try:
        assert done.returncode == -signal.SIGKILL
        os.kill(child, 0)
        DatasetLock.take(folder, "toys").release()
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_file_system_without_locks_is_worked_on_and_told_of(
    folder, monkeypatch, caplog
):
    def no_locks(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("mmctr.runtime.dataset_lock.fcntl.flock", no_locks)
    assert DatasetLock.take(folder, "toys") is None
    assert "no locks" in caplog.text


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(OSError, match="data set 'toys'.*make them writable") as caught:
        DatasetLock.take(tmp_path / "data" / "08_reporting" / "toys", "toys")
    assert str(tmp_path / "data") in str(caught.value)
