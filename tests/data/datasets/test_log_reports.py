"""Reports of several data sets, read by name."""

from pathlib import Path

import pytest
from kedro.io import DatasetError

from mmctr.data.datasets import LogReportsDataset


@pytest.fixture
def dataset(tmp_path: Path) -> LogReportsDataset:
    """Two data sets with the report, and one without."""
    for name in ("toys", "books", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "toys" / "found.json").write_text('{"auc": 0.7}')
    (tmp_path / "books" / "found.json").write_text("{")
    return LogReportsDataset(path=str(tmp_path), file="found.json")


def test_reports_are_read_by_name_once_they_are_asked_for(dataset, tmp_path):
    """A damaged one is no matter to those who don't read it."""
    reports = dataset.load()
    assert reports.load("toys") == {"auc": 0.7}
    assert ("toys" in reports, "other" in reports) == (True, False)
    assert dataset.files() == {
        name: tmp_path / name / "found.json" for name in ("books", "toys")
    }
    assert dataset.preview()["data"] == [["books"], ["toys"]]


def test_what_can_not_be_read_is_named(dataset):
    with pytest.raises(DatasetError, match=r"books/found\.json is damaged"):
        dataset.load().load("books")
    with pytest.raises(DatasetError, match=r"other/found\.json does not exist"):
        dataset.load().load("other")


def test_they_are_never_written(dataset):
    with pytest.raises(DatasetError, match="only read"):
        dataset.save({})
