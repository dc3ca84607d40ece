"""Only what is missing is made, and what was made stays."""

import pytest
from kedro.io import DatasetError

from mmctr.datasets import MissingPartitions


@pytest.fixture
def partitions(tmp_path):
    return MissingPartitions(
        path=str(tmp_path / "parts"),
        filename_suffix=".json",
        dataset={"type": "mmctr.datasets.AtomicDataset", "dataset": "json.JSONDataset"},
    )


class Makers:
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
    makers = Makers()
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
    makers = Makers()
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
