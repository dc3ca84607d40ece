"""Arrays come back as they were; damaged files are named."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from kedro.io.core import DatasetError

from mmctr.data.datasets import NpyDataset

DTYPES = [np.int8, np.uint16, np.int32, np.int64, np.float16, np.float32, np.float64]


@pytest.fixture
def dataset(tmp_path):
    return NpyDataset(filepath=str(tmp_path / "new" / "a.npy"))


@given(
    st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(
            dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
        )
    )
)
@settings(max_examples=60, deadline=None)
def test_round_trip(array):
    with tempfile.TemporaryDirectory() as folder:
        dataset = NpyDataset(filepath=str(Path(folder) / "a.npy"))
        dataset.save(array)
        loaded = dataset.load()
        assert loaded.dtype == array.dtype
        assert loaded.shape == array.shape
        np.testing.assert_array_equal(loaded, array)
        assert not loaded.flags.writeable
        assert json.loads(str(dataset.preview()))["shape"] == list(array.shape)


def test_an_array_is_mapped_and_read_only(dataset):
    dataset.save(np.arange(6).reshape(2, 3).T)
    loaded = dataset.load()
    assert isinstance(loaded, np.memmap)
    assert loaded.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        loaded[0] = 1


def test_zero_width_arrays_are_kept(dataset):
    dataset.save(np.zeros((5, 0), np.float32))
    assert dataset.load().shape == (5, 0)
    assert dataset.load().dtype == np.float32


@pytest.mark.parametrize("shape", [(100, 4), (100, 0)])
def test_a_file_cut_short_is_named(dataset, tmp_path, shape):
    dataset.save(np.ones(shape))
    path = tmp_path / "new" / "a.npy"
    whole = path.read_bytes()
    for length in {0, 3, 50, len(whole) - 1}:
        path.write_bytes(whole[:length])
        with pytest.raises(DatasetError, match="not a whole npy file") as error:
            dataset.load()
        assert str(path) in str(error.value)
        assert isinstance(error.value.__cause__, ValueError)


def test_what_is_no_npy_file_is_refused(dataset, tmp_path):
    path = tmp_path / "new" / "a.npy"
    path.parent.mkdir()
    for content in (b"PAR1 something else", b"\x93NUMPY\x09\x00" + b" " * 100):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match="not a whole npy file"):
            dataset.load()


def test_only_arrays_of_plain_numbers_are_saved(dataset):
    with pytest.raises(DatasetError, match="expected an array"):
        dataset.save([1, 2])
    with pytest.raises(DatasetError, match="allow_pickle"):
        dataset.save(np.array([{}, None]))


def test_existence_and_description(dataset):
    assert not dataset.exists()
    dataset.save(np.arange(3))
    assert dataset.exists()
    assert "a.npy" in repr(dataset)


def test_the_preview_is_valid_json_and_short(dataset):
    array = np.arange(1000, dtype=np.float32).reshape(50, 20)
    array[0, 1:3] = [np.nan, np.inf]
    dataset.save(array)

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    preview = json.loads(str(dataset.preview(rows=2)), parse_constant=refuse)
    assert preview["shape"] == [50, 20]
    assert preview["dtype"] == "float32"
    assert preview["first_rows"] == [
        [0, None, None, 3, 4, 5, 6, 7],
        [20, 21, 22, 23, 24, 25, 26, 27],
    ]
