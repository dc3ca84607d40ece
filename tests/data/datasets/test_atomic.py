"""A save happens entirely or not at all."""

import inspect
import os
import pickle
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from kedro.io import AbstractDataset, DataCatalog
from kedro.io.core import DatasetError

from mmctr.data.datasets import AtomicDataset, FolderDataset

NPY = "mmctr.data.datasets.NpyDataset"
# Writes half of a file, says so, and waits to be killed.
HALF_A_SAVE = """
import sys, time
from kedro.io import AbstractDataset
from mmctr.data.datasets import AtomicDataset, FolderDataset

class Half(AbstractDataset):
    def __init__(self, *, filepath):
        self.filepath = filepath
    def load(self):
        return None
    def save(self, data):
        with open(self.filepath, "wb") as file:
            file.write(data)
            file.flush()
            print("half", flush=True)
            time.sleep(60)
    def _describe(self):
        return {}

AtomicDataset(dataset={"type": Half}, filepath=sys.argv[1]).save(b"x" * 1000)
"""


class Fragile(AbstractDataset):
    """Text in a file; a save of ``bad`` fails after its first bytes."""

    def __init__(self, *, filepath: str, prefix: str = ""):
        self._filepath = filepath
        self._prefix = prefix

    def load(self) -> str:
        with open(self._filepath) as file:
            return file.read()

    def save(self, data: str) -> None:
        with open(self._filepath, "w") as file:
            file.write(self._prefix + data)
            file.flush()
            if data == "bad":
                raise OSError("no space left on device")

    def _exists(self) -> bool:
        return os.path.isfile(self._filepath)

    def _describe(self) -> dict:
        return {"filepath": self._filepath}


@pytest.fixture
def target(tmp_path):
    return tmp_path / "deep" / "array.npy"


@pytest.fixture
def arrays(target):
    return AtomicDataset(dataset=NPY, filepath=str(target))


def _parts(target):
    return [path.name for path in target.parent.glob(".*.part")]


def _dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_save_killed_half_way_leaves_the_earlier_file(arrays, target):
    arrays.save(np.arange(5))
    before = target.read_bytes()
    child = subprocess.Popen(
        [sys.executable, "-c", HALF_A_SAVE, str(target)], stdout=subprocess.PIPE
    )
    try:
        assert child.stdout.readline().strip() == b"half"
    finally:
        child.kill()
        child.wait()
        child.stdout.close()

    assert _parts(target) == [f".array.npy.{child.pid}.part"]
    assert target.read_bytes() == before
    assert arrays.exists()
    np.testing.assert_array_equal(arrays.load(), np.arange(5))

    arrays.save(np.arange(7))
    assert [path.name for path in target.parent.iterdir()] == ["array.npy"]
    np.testing.assert_array_equal(arrays.load(), np.arange(7))


def test_a_first_save_killed_half_way_leaves_nothing_that_exists(arrays, target):
    target.parent.mkdir()
    (target.parent / f".array.npy.{_dead_pid()}.part").write_bytes(b"half")
    assert not arrays.exists()
    arrays.save(np.arange(3))
    assert _parts(target) == []


def test_only_what_dead_processes_left_is_removed(arrays, target):
    target.parent.mkdir()
    living = target.parent / f".array.npy.{os.getppid()}.part"
    other = target.parent / f".other.npy.{_dead_pid()}.part"
    for path in (living, other):
        path.write_bytes(b"half")
    arrays.save(np.arange(3))
    assert living.exists()
    assert other.exists()


def test_a_failing_save_leaves_the_earlier_file(tmp_path):
    path = tmp_path / "text.txt"
    dataset = AtomicDataset(
        dataset={"type": Fragile, "prefix": "> "}, filepath=str(path)
    )
    dataset.save("good")
    with pytest.raises(DatasetError, match="no space left"):
        dataset.save("bad")
    assert dataset.load() == "> good"
    assert [item.name for item in tmp_path.iterdir()] == ["text.txt"]


def test_a_failing_first_save_leaves_nothing(tmp_path):
    dataset = AtomicDataset(
        dataset={"type": Fragile}, filepath=str(tmp_path / "text.txt")
    )
    with pytest.raises(DatasetError, match="no space left"):
        dataset.save("bad")
    assert not dataset.exists()
    assert list(tmp_path.iterdir()) == []


class Private(Fragile):
    """Its files are for their owner alone, as those of some libraries are."""

    def save(self, data: str) -> None:
        super().save(data)
        os.chmod(self._filepath, 0o600)


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
@pytest.mark.parametrize("kind", [AtomicDataset, FolderDataset])
def test_files_are_for_whom_new_ones_are(tmp_path, kind, mask):
    """Whatever their writer does, by the user's own mask."""
    settings = {"suffix": ".txt"} if kind is FolderDataset else {}
    dataset = kind(dataset={"type": Private}, filepath=f"{tmp_path}/x", **settings)
    before = os.umask(mask)
    try:
        dataset.save({"a": "text"} if settings else "text")
    finally:
        os.umask(before)
    path = tmp_path / "x" / "a.txt" if settings else tmp_path / "x"
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


def test_loading_what_is_not_there_says_what_to_do(arrays, target):
    assert not arrays.exists()
    with pytest.raises(DatasetError, match="run the pipeline that writes it") as error:
        arrays.load()
    assert str(target) in str(error.value)


def test_a_reader_of_the_old_file_keeps_its_array(arrays):
    arrays.save(np.arange(4))
    old = arrays.load()
    arrays.save(np.zeros(4, int))
    np.testing.assert_array_equal(old, np.arange(4))


@pytest.mark.parametrize(
    ("kind", "name", "data", "annotation"),
    [
        (NPY, "a.npy", np.eye(3), "JSONPreview"),
        (
            "mmctr.data.datasets.ArrowDataset",
            "a.parquet",
            pa.table({"a": [1, 2]}),
            "TablePreview",
        ),
        ("json.JSONDataset", "a.json", {"auc": 0.5}, "JSONPreview"),
    ],
)
def test_previews_are_the_wrapped_dataset_s_own(tmp_path, kind, name, data, annotation):
    """kedro-viz shows a preview by the annotation of the method."""
    dataset = AtomicDataset(dataset=kind, filepath=str(tmp_path / name))
    dataset.save(data)
    found = inspect.signature(dataset.preview).return_annotation
    assert getattr(found, "__name__", found) == annotation
    assert dataset.preview()


def test_no_preview_where_the_wrapped_dataset_has_none(tmp_path):
    dataset = AtomicDataset(dataset={"type": Fragile}, filepath=str(tmp_path / "a"))
    assert not hasattr(dataset, "preview")


def test_it_works_as_a_catalog_entry(tmp_path):
    path = tmp_path / "metrics.json"
    catalog = DataCatalog.from_config(
        {
            "metrics": {
                "type": "mmctr.data.datasets.AtomicDataset",
                "dataset": {
                    "type": "json.JSONDataset",
                    "save_args": {"indent": 1},
                },
                "filepath": str(path),
                "metadata": {"kedro-viz": {"layer": "reporting"}},
            }
        }
    )
    assert not catalog.exists("metrics")
    catalog["metrics"].save({"auc": 0.5})
    assert catalog.exists("metrics")
    assert catalog["metrics"].load() == {"auc": 0.5}
    assert path.read_text() == '{\n "auc": 0.5\n}'
    assert catalog["metrics"].metadata == {"kedro-viz": {"layer": "reporting"}}
    assert "json.JSONDataset" in repr(catalog["metrics"])
    catalog.release("metrics")


def test_a_wrapped_dataset_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="NoSuchDataset"):
        AtomicDataset(
            dataset="mmctr.data.datasets.NoSuchDataset", filepath=str(tmp_path / "a")
        )


def test_it_reaches_other_processes_whole(arrays, tmp_path):
    arrays.save(np.arange(5))
    copy = pickle.loads(pickle.dumps(arrays))
    np.testing.assert_array_equal(copy.load(), np.arange(5))
    page = AtomicDataset(
        dataset="mmctr.data.datasets.PreviewableTextDataset",
        filepath=str(tmp_path / "page.md"),
    )
    page.save("# Text")
    copy = pickle.loads(pickle.dumps(page))
    assert copy.preview() == page.preview()
    assert inspect.signature(copy.preview) == inspect.signature(page.preview)
