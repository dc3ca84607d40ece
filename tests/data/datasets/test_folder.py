"""A folder of one file per name: the earlier one or the new one, and no mixture."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.io import DatasetError

from mmctr.data.datasets import FolderDataset

OLD = {"title": np.arange(6.0).reshape(3, 2), "image": np.zeros((3, 0))}
NEW = {"tag": np.ones((3, 1))}


def folder_of(path: Path) -> FolderDataset:
    return FolderDataset(
        dataset="mmctr.data.datasets.NpyDataset",
        suffix=".npy",
        filepath=str(path / "vectors"),
    )


def names_below(path: Path) -> set[str]:
    return {file.relative_to(path).as_posix() for file in path.rglob("*")}


@settings(max_examples=20, deadline=None)
@given(
    names=st.lists(
        st.from_regex("[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True),
        unique_by=str.lower,
        max_size=5,
    )
)
def test_what_is_loaded_is_what_was_saved_in_its_order(tmp_path_factory, names):
    path = tmp_path_factory.mktemp("any")
    saved = {name: np.full((2, place), place) for place, name in enumerate(names)}
    folder_of(path).save(OLD)
    folder_of(path).save(saved)
    loaded = folder_of(path).load()
    assert list(loaded) == names
    for name, array in saved.items():
        np.testing.assert_array_equal(loaded[name], array)


def test_files_of_an_earlier_save_are_gone(tmp_path):
    folder_of(tmp_path).save(OLD)
    mapped = folder_of(tmp_path).load()["title"]
    folder_of(tmp_path).save(NEW)
    assert names_below(tmp_path) == {
        "vectors",
        "vectors/index.json",
        "vectors/tag.npy",
    }
    # Whoever maps an earlier file keeps it.
    assert isinstance(mapped, np.memmap)
    np.testing.assert_array_equal(mapped, OLD["title"])


def test_a_save_that_fails_leaves_the_earlier_folder(tmp_path):
    folder_of(tmp_path).save(OLD)
    before = names_below(tmp_path)
    with pytest.raises(DatasetError, match="expected an array"):
        folder_of(tmp_path).save({"title": OLD["title"], "image": "no array"})
    assert names_below(tmp_path) == before


@pytest.mark.parametrize("step", [1, 2])
def test_a_process_killed_between_the_renames_leaves_the_earlier_folder(tmp_path, step):
    """The first moves the earlier folder aside, the second puts the new one there."""
    folder_of(tmp_path).save(OLD)
    child = os.fork()
    if not child:
        replace, calls = os.replace, []

        def killed(source: object, target: object) -> None:
            calls.append(source)
            if len(calls) == step:
                os._exit(9)
            replace(source, target)

        os.replace = killed
        folder_of(tmp_path).save(NEW)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    folder_of(tmp_path).remove_leftovers()
    assert names_below(tmp_path) == {
        "vectors",
        "vectors/index.json",
        "vectors/image.npy",
        "vectors/title.npy",
    }
    np.testing.assert_array_equal(folder_of(tmp_path).load()["title"], OLD["title"])


def emptied(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])


def linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("damage", [Path.unlink, emptied, linked])
def test_a_damaged_file_is_named(tmp_path, damage):
    folder_of(tmp_path).save(OLD)
    damage(tmp_path / "vectors/title.npy")
    with pytest.raises(DatasetError, match=r"vectors/title\.npy is damaged.*Delete it"):
        folder_of(tmp_path).load()


@pytest.mark.parametrize("content", ["", "[", '{"title": 1}', '["../../secret"]'])
def test_a_damaged_index_is_named(tmp_path, content):
    folder_of(tmp_path).save(OLD)
    (tmp_path / "vectors/index.json").write_text(content)
    with pytest.raises(DatasetError, match=r"vectors/index\.json is damaged"):
        folder_of(tmp_path).load()


def test_no_folder_and_a_link_to_one_are_named(tmp_path):
    with pytest.raises(DatasetError, match="run the pipeline that writes it"):
        folder_of(tmp_path).load()
    folder_of(tmp_path / "a").save(OLD)
    (tmp_path / "vectors").symlink_to(tmp_path / "a/vectors")
    with pytest.raises(DatasetError, match="is a link"):
        folder_of(tmp_path).load()


def test_every_file_is_shown(tmp_path):
    dataset = folder_of(tmp_path)
    assert dataset.preview() is None
    dataset.save(OLD)
    shown = json.loads(dataset.preview())
    assert {name: each["shape"] for name, each in shown.items()} == {
        "title": [3, 2],
        "image": [3, 0],
    }


def test_it_is_absent_while_it_is_stale(tmp_path):
    dataset = folder_of(tmp_path)
    dataset.save(OLD)
    assert dataset.exists()
    dataset.mark_stale()
    assert not dataset.exists()
    dataset.save(NEW)
    assert dataset.exists()
