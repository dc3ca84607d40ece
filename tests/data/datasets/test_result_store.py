"""Results that are found, or made once."""

from pathlib import Path
from typing import Any

import pytest
from kedro.io import DatasetError

from mmctr.data.datasets import ResultStore, ResultStoreDataset


@pytest.fixture
def dataset(tmp_path: Path) -> ResultStoreDataset:
    """A folder that is not there yet."""
    return ResultStoreDataset(
        path=str(tmp_path / "results"),
        dataset="json.JSONDataset",
        filename_suffix=".json",
    )


@pytest.fixture
def store(dataset: ResultStoreDataset) -> ResultStore:
    """What nodes get."""
    return dataset.load()


class Maker:
    """Counts how often it is asked."""

    def __init__(self, made: Any) -> None:
        self.made = made
        self.calls = 0

    def __call__(self) -> Any:
        self.calls += 1
        if isinstance(self.made, Exception):
            raise self.made
        return self.made


def test_a_result_is_made_once(store, dataset):
    maker = Maker({"a": 1})
    assert store.get_or_make("one", maker) == {"a": 1}
    assert store.get_or_make("one", Maker({"other": 2})) == {"a": 1}
    assert dataset.load().get_or_make("one", maker) == {"a": 1}
    assert maker.calls == 1
    assert store.get_or_make("two", Maker([2])) == [2]


def test_an_error_is_passed_on_and_leaves_nothing(store):
    with pytest.raises(ValueError, match="^collapsed$"):
        store.get_or_make("one", Maker(ValueError("collapsed")))
    assert "one" not in store
    assert store.get_or_make("one", Maker([1])) == [1]


def test_saved_results_are_loaded_by_their_names(store):
    assert store.names() == []
    store.save("b/2", 1)
    store.save("a", 2)
    assert store.names() == ["a", "b/2"]
    assert (store.load("b/2"), store.load("a")) == (1, 2)
    with pytest.raises(ValueError, match="'c' is not .*run the pipeline as a whole"):
        store.load("c")


def test_an_unfinished_file_counts_as_missing(store):
    store.folder.mkdir()
    (store.folder / ".a.json.999999999.part").write_text("{")
    assert "a" not in store
    assert store.names() == []
    store.save("a", 1)
    assert [x.name for x in store.folder.iterdir()] == ["a.json"]


def test_a_damaged_file_is_named(store):
    store.save("a", 1)
    (store.folder / "a.json").write_text("{")
    with pytest.raises(DatasetError, match=r"a\.json is damaged"):
        store.load("a")


def test_viz_shows_the_names(store, dataset):
    assert dataset.preview()["data"] == []
    store.save("b/2", 1)
    assert dataset.preview()["data"] == [["b/2"]]
