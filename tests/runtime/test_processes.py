"""Calls in processes of their own: results, errors, and no process left behind."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from other_processes import OddError, is_alive

from mmctr.runtime.processes import run_in_processes

logger = logging.getLogger("mmctr.test")


def work(argument: Any) -> Any:
    """What a process does, by the argument."""
    what, *more = argument if isinstance(argument, tuple) else (argument,)
    match what:
        case "fail":
            raise ValueError("too few rows")
        case "fail oddly":
            raise OddError(7, 3)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            os._exit(3)
        case "say":
            logger.info("step %d", more[0])
            logger.debug("more of it")
        case "threads":
            import torch

            return torch.get_num_threads(), os.environ["OMP_NUM_THREADS"]
        case "wait":
            Path(more[0]).write_text(str(os.getpid()))
            signal.pause()
    return os.getpid(), argument


def results(arguments: dict[str, Any], processes: int = 2) -> dict[str, Any]:
    return dict(run_in_processes(work, arguments, processes))


def error_of(arguments: dict[str, Any], processes: int = 2) -> Exception:
    with pytest.raises(Exception, match=r".") as caught:
        results(arguments, processes)
    return caught.value


def own_paths() -> dict[str, str]:
    """The environment of a process that imports what this one can."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def soon(condition: Callable[[], Any]) -> Any:
    """Wait for something to be so."""
    until = time.monotonic() + 60
    while not (found := condition()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)
    return found


def pid_in(file: Path) -> int:
    return int(soon(lambda: file.exists() and file.read_text()))


def test_every_call_is_made_once_by_the_given_number_of_processes():
    found = results({f"n{number}": number for number in range(9)})
    assert {name: argument for name, (_, argument) in found.items()} == {
        f"n{number}": number for number in range(9)
    }
    pids = {pid for pid, _ in found.values()}
    assert len(pids) <= 2
    assert os.getpid() not in pids
    assert not any(map(is_alive, pids))


def test_nothing_to_call_starts_nothing():
    assert results({}) == {}


def test_a_process_has_one_thread():
    assert results({"a": "threads"}) == {"a": (1, "1")}


def test_what_a_call_raises_is_raised_here():
    done = []
    with pytest.raises(ValueError, match="^too few rows$") as caught:
        for name, _ in run_in_processes(work, {"a": 1, "b": "fail"}, 1):
            done.append(name)
    assert done == ["a"]
    assert 'raise ValueError("too few rows")' in str(caught.value.__cause__)
    # An error that can't be pickled keeps its message and what it counts as.
    odd = error_of({"a": "fail oddly"})
    assert (type(odd), str(odd)) == (ValueError, "7 in row 3")


def test_the_death_of_a_process_is_an_error_that_names_its_call():
    killed = error_of({"a": 1, "b": "die", "c": 2}, processes=1)
    assert isinstance(killed, ChildProcessError)
    assert str(killed).startswith(
        "b: its process ended without a result (exit code -9): killed"
    )
    assert "too little memory; fewer processes at once" in str(killed)
    ended = error_of({"a": "exit", "b": ("wait", os.devnull)})
    assert str(ended) == "a or b: its process ended without a result (exit code 3)"


def test_what_processes_log_is_logged_here_after_the_name(caplog):
    caplog.set_level("INFO")
    results({"first": ("say", 1), "second": ("say", 2)})
    lines = [x.getMessage() for x in caplog.records if x.name == "mmctr.test"]
    assert sorted(lines) == ["first: step 1", "second: step 2"]


def test_closing_it_ends_calls_that_are_under_way(tmp_path):
    file = tmp_path / "pid"
    calls = run_in_processes(work, {"a": ("wait", str(file)), "b": 1}, 2)
    name, (_, argument) = next(calls)
    assert (name, argument) == ("b", 1)
    pid = pid_in(file)
    calls.close()
    assert not is_alive(pid)


def test_ctrl_c_reaches_no_process_however_young():
    done = subprocess.run(
        [sys.executable, "-c", YOUNG],
        env=own_paths(),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("['a']\n", "")


# Sends Ctrl-C to what it has started just now.
YOUNG = """
import os, signal, threading
from multiprocessing import active_children
from mmctr.runtime.processes import run_in_processes
from test_processes import work

def interrupt():
    while not active_children():
        pass
    for child in active_children():
        os.kill(child.pid, signal.SIGINT)

threading.Thread(target=interrupt).start()
print([name for name, _ in run_in_processes(work, {"a": 1}, 1)])
"""


PARENT = """
import sys
from mmctr.runtime.processes import run_in_processes
from test_processes import work
for _ in run_in_processes(work, {"a": ("wait", sys.argv[1])}, 1):
    pass
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_processes_end_with_the_one_that_started_them(tmp_path, number):
    file = tmp_path / "pid"
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(file)], env=own_paths()
    )
    try:
        pid = pid_in(file)
        assert is_alive(pid)
    finally:
        parent.send_signal(number)
        parent.wait()
    soon(lambda: not is_alive(pid))


def explode():
    raise ValueError("no such library here")


class BreaksWhenLoaded:
    """A function that a worker can't load."""

    def __call__(self, argument):
        return argument

    def __reduce__(self):
        return explode, ()


def test_workers_that_cannot_start_are_said_to():
    calls = run_in_processes(BreaksWhenLoaded(), {"a": 1, "b": 2}, 2)
    with pytest.raises(ChildProcessError, match="a or b: .* could not be started"):
        list(calls)
