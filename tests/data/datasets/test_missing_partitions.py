"""Only what is missing is made, and what was made stays."""

import os
import signal

import pytest
from kedro.io import DatasetError

from mmctr.data.datasets import Makers, MissingPartitions


@pytest.fixture
def partitions(tmp_path):
    return MissingPartitions(
        path=str(tmp_path / "parts"),
        filename_suffix=".json",
        dataset={
            "type": "mmctr.data.datasets.AtomicDataset",
            "dataset": "json.JSONDataset",
        },
    )


class Calls:
    """Functions that count how often they are called."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def of(self, *names: str, failing: str | None = None):
        return {name: lambda name=name: self._make(name, failing) for name in names}

    def _make(self, name: str, failing: str | None):
        self.calls.append(name)
        if name == failing:
            raise ValueError("too few rows")
        return {"made": name}


def loaded(partitions):
    return {name: load() for name, load in partitions.load().items()}


def test_nothing_there_is_nothing_loaded(partitions):
    assert partitions.load() == {}
    partitions.save({})
    assert partitions.load() == {}
    assert not partitions.exists()


def test_partitions_are_made_once_in_their_order(partitions):
    makers = Calls()
    partitions.save(makers.of("b/2", "a/1"))
    partitions.save(makers.of("a/1", "c", "b/2"))
    assert makers.calls == ["b/2", "a/1", "c"]
    assert loaded(partitions) == {x: {"made": x} for x in ("a/1", "b/2", "c")}


def test_what_is_ready_is_saved_before_anything_is_made(partitions):
    seen = []
    partitions.save({"a": lambda: seen.extend(partitions.load()) or 1, "b": 2})
    assert seen == ["b"]
    assert loaded(partitions) == {"a": 1, "b": 2}


def test_those_before_a_failure_stay_and_the_error_names_the_partition(partitions):
    makers = Calls()
    with pytest.raises(DatasetError, match="parts, b: too few rows"):
        partitions.save(makers.of("a", "b", "c", failing="b"))
    assert list(loaded(partitions)) == ["a"]
    partitions.save(makers.of("a", "b", "c"))
    assert makers.calls == ["a", "b", "b", "c"]


def test_an_interrupt_passes_and_keeps_what_is_there(partitions):
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        partitions.save({"a": lambda: 1, "b": interrupted})
    assert loaded(partitions) == {"a": 1}


def test_an_unfinished_file_counts_as_missing(partitions, tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / ".a.json.999999999.part").write_text("{")
    partitions.save({"a": lambda: 1})
    assert loaded(partitions) == {"a": 1}
    assert [x.name for x in (tmp_path / "parts").iterdir()] == ["a.json"]


def test_how_far_it_is_and_the_time_left_are_logged(partitions, caplog):
    caplog.set_level("INFO")
    partitions.save({"a": lambda: 1})
    partitions.save({"a": lambda: 1, "b": lambda: 2, "c": lambda: 3})
    assert "1 of 3 are there, 2 to make" in caplog.text
    assert "parts: b, 1 of 2; 00:00 gone, about 00:00 left" in caplog.text
    assert "parts: c, 2 of 2; 00:00 gone\n" in caplog.text


def make_one(name: str) -> dict:
    """In another process, or in this one."""
    if name == "wrong":
        raise ValueError("too few rows")
    if name == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    return {"made": name, "by": os.getpid()}


def test_makers_are_a_mapping_of_functions_and_of_what_is_ready():
    makers = Makers(make_one, {"a": "A", "b": "B"}, ready={"b": 1})
    assert list(makers) == ["b", "a"]
    assert len(makers) == 2
    assert makers["b"] == 1
    assert makers["a"]()["made"] == "A"


def test_makers_are_called_here_unless_several_processes_are_wanted(partitions):
    partitions.save(Makers(make_one, {"a": "A"}, ready={"b": 1}))
    assert loaded(partitions) == {"a": {"made": "A", "by": os.getpid()}, "b": 1}


def test_what_is_missing_is_made_side_by_side(partitions, caplog):
    caplog.set_level("INFO")
    partitions.save({"b": 1})
    names = {name: name.upper() for name in "abcd"}
    partitions.save(Makers(make_one, names, processes=2))
    found = loaded(partitions)
    assert found.pop("b") == 1
    assert {name: x["made"] for name, x in found.items()} == {
        "a": "A",
        "c": "C",
        "d": "D",
    }
    assert os.getpid() not in {x["by"] for x in found.values()}
    assert "parts: 1 of 4 are there, 3 to make, 2 at once" in caplog.text
    assert "3 of 3; " in caplog.text


@pytest.mark.parametrize(
    ("fault", "message"), [("wrong", "too few rows"), ("killed", "need less")]
)
def test_one_of_many_that_fails_is_named_and_the_others_stay(
    partitions, fault, message
):
    with pytest.raises(DatasetError, match=rf"parts, c: .*{message}"):
        partitions.save(
            Makers(make_one, {"a": "a", "b": "b", "c": fault, "d": "d"}, processes=1)
        )
    assert list(loaded(partitions)) == ["a", "b"]


def test_functions_that_load_partitions_reach_other_processes(partitions, tmp_path):
    partitions.save({"a": 1, "b": 2})
    others = MissingPartitions(
        path=str(tmp_path / "others"),
        filename_suffix=".json",
        dataset={
            "type": "mmctr.data.datasets.AtomicDataset",
            "dataset": "json.JSONDataset",
        },
    )
    others.save(Makers(_Loader(partitions.load()), {"x": "b"}, processes=1))
    assert loaded(others) == {"x": [2]}


class _Loader:
    """Holds functions that load partitions."""

    def __init__(self, parts):
        self.parts = parts

    def __call__(self, name):
        return [self.parts[name]()]
