"""Only missing results are made, and each is saved as soon as it is made."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from mmctr.data.datasets import ResultStore
from mmctr.experiments.results import make_missing


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    """A folder that is not there yet."""
    return ResultStore(tmp_path / "parts", "json.JSONDataset", ".json")


def contents(store: ResultStore) -> dict[str, Any]:
    return {name: store.load(name) for name in store.names()}


def arguments(*names: str) -> dict[str, str]:
    return {name: name.upper() for name in names}


def make_one(name: str) -> dict:
    """In another process, or in this one."""
    if name == "WRONG":
        raise ValueError("too few rows")
    if name == "KILLED":
        os.kill(os.getpid(), signal.SIGKILL)
    return {"made": name, "by": os.getpid()}


def test_results_are_made_once_in_their_order(store):
    calls: list[str] = []

    def make(name: str) -> str:
        calls.append(name)
        return name

    make_missing(store, make, {}, "parts")
    make_missing(store, make, arguments("b/2", "a/1"), "parts")
    make_missing(store, make, arguments("a/1", "c", "b/2"), "parts")
    assert calls == ["B/2", "A/1", "C"]
    assert contents(store) == {"a/1": "A/1", "b/2": "B/2", "c": "C"}


@pytest.mark.parametrize("error", [ValueError("too few rows"), KeyboardInterrupt()])
def test_results_before_an_error_or_interrupt_are_kept(store, error):
    calls: list[str] = []

    def make(name: str) -> str:
        calls.append(name)
        if name == "B" and calls.count("B") == 1:
            raise error
        return name

    with pytest.raises(type(error)) as caught:
        make_missing(store, make, arguments("a", "b", "c"), "parts")
    assert caught.value is error
    assert contents(store) == {"a": "A"}
    make_missing(store, make, arguments("a", "b", "c"), "parts")
    assert calls == ["A", "B", "B", "C"]


def test_progress_and_the_time_left_are_logged(store, caplog):
    caplog.set_level("INFO")
    make_missing(store, make_one, arguments("a"), "parts")
    make_missing(store, make_one, arguments("a", "b", "c"), "parts")
    assert "1 of 3 are there, 2 to make" in caplog.text
    assert "parts: b, 1 of 2; 00:00 so far, about 00:00 left" in caplog.text
    assert "parts: c, 2 of 2; 00:00 so far\n" in caplog.text
    assert store.load("a")["by"] == os.getpid()


def test_several_processes_make_what_is_missing(store, caplog):
    caplog.set_level("INFO")
    store.save("b", 1)
    make_missing(store, make_one, arguments(*"abcd"), "parts", processes=2)
    found = contents(store)
    assert found.pop("b") == 1
    assert {name: x["made"] for name, x in found.items()} == arguments(*"acd")
    assert os.getpid() not in {x["by"] for x in found.values()}
    assert "parts: 1 of 4 are there, 3 to make, 2 at once" in caplog.text
    assert "3 of 3; " in caplog.text


@pytest.mark.parametrize(
    ("fault", "message"),
    [("wrong", "too few rows"), ("killed", "killed: its process .* need less")],
)
def test_results_before_a_failing_process_are_kept(store, fault, message):
    with pytest.raises((ValueError, OSError), match=message):
        make_missing(
            store, make_one, arguments("a", "b", fault, "d"), "parts", processes=1
        )
    assert store.names() == ["a", "b"]


def test_a_function_that_holds_a_store_reaches_other_processes(store, tmp_path):
    store.save("b", 2)
    others = ResultStore(tmp_path / "others", "json.JSONDataset", ".json")
    make_missing(others, store.load, {"x": "b"}, "others", processes=1)
    assert contents(others) == {"x": 2}
