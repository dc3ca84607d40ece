"""Partitions that are found, or made once."""

from pathlib import Path
from typing import Any

import pytest
from kedro.io import DatasetError

from mmctr.data.datasets import KeptPartitions


@pytest.fixture
def dataset(tmp_path: Path) -> KeptPartitions:
    """A folder that is not there yet."""
    return KeptPartitions(
        path=str(tmp_path / "kept"),
        filename_suffix=".json",
        dataset={
            "type": "mmctr.data.datasets.AtomicDataset",
            "dataset": "json.JSONDataset",
        },
    )


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


def test_what_is_not_there_is_made_once(dataset):
    keep, maker = dataset.load(), Maker({"a": 1})
    assert keep("one", maker) == {"a": 1}
    assert keep("one", Maker({"other": 2})) == {"a": 1}
    assert dataset.load()("one", maker) == {"a": 1}
    assert maker.calls == 1
    assert keep("two", Maker([2])) == [2]


def test_what_can_not_be_made_is_told_as_it_is_and_leaves_nothing(dataset):
    keep = dataset.load()
    with pytest.raises(ValueError, match="collapsed") as caught:
        keep("one", Maker(ValueError("collapsed")))
    assert not isinstance(caught.value, DatasetError)
    assert keep("one", Maker([1])) == [1]
