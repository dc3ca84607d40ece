"""A file that may be missing."""

import json
from pathlib import Path

import pytest
from kedro.io import DatasetError

from mmctr.data.datasets import OptionalDataset


def optional(folder: Path, **options: bool) -> OptionalDataset:
    return OptionalDataset(
        dataset="mmctr.data.datasets.JsonDataset",
        filepath=str(folder / "found.json"),
        **options,
    )


def test_it_is_none_until_the_file_is_there(tmp_path):
    dataset = optional(tmp_path)
    assert not dataset.exists()
    assert dataset.load() is None
    (tmp_path / "found.json").write_text(json.dumps({"arms": []}))
    assert dataset.exists()
    assert dataset.load() == {"arms": []}
    (tmp_path / "found.json").unlink()
    assert dataset.load() is None


def test_a_damaged_file_is_not_taken_for_a_missing_one(tmp_path):
    (tmp_path / "found.json").write_text("{")
    with pytest.raises(DatasetError, match=r"found\.json is damaged"):
        optional(tmp_path).load()


def test_a_damaged_file_of_no_consequence_is_told(tmp_path, caplog):
    (tmp_path / "found.json").write_text("{")
    assert optional(tmp_path, followed=False).load() is None
    assert "found.json is damaged" in caplog.text


def test_it_is_never_written(tmp_path):
    with pytest.raises(DatasetError, match="only read"):
        optional(tmp_path).save({})
    assert not (tmp_path / "found.json").exists()


def test_its_file_is_followed_unless_told_otherwise(tmp_path):
    assert optional(tmp_path).files() == {"found.json": tmp_path / "found.json"}
    assert optional(tmp_path, followed=False).files() == {}
