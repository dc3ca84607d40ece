"""Large arrays in files without a name."""

import numpy as np
import pytest

from mmctr.runtime import scratch
from mmctr.runtime.scratch import fill_by_rows, scratch_array, take_columns


@pytest.mark.parametrize("large", [1, 10**9])
def test_an_array_holds_what_is_written_to_it_wherever_it_lies(large):
    array = scratch_array((50, 3), np.float32, large)
    array[:] = np.arange(150).reshape(50, 3)
    assert array.tolist() == np.arange(150).reshape(50, 3).tolist()
    assert type(array) is np.ndarray
    assert (array.base is not None) == (large == 1)


def test_a_file_is_gone_with_its_name_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    array = scratch_array((10**6,), np.int64, 1)
    array[:] = 7
    assert not list(tmp_path.iterdir()) and int(array.sum()) == 7 * 10**6


def test_arrays_are_made_some_rows_at_a_time(monkeypatch):
    monkeypatch.setattr(scratch, "AT_ONCE", 7)
    given = np.random.default_rng(0).normal(size=(40, 5))
    seen = []

    def rows_of(rows: slice) -> np.ndarray:
        seen.append(rows.stop - rows.start)
        return given[rows]

    assert np.array_equal(fill_by_rows(given.shape, given.dtype, rows_of), given)
    assert seen == [7, 7, 7, 7, 7, 5]
    mask = np.array([True, False, True, True, False])
    for chosen in (mask, [0, 2, 3]):
        assert np.array_equal(take_columns(given, chosen), given[:, mask])


def test_no_room_is_said_before_anything_is_written():
    with pytest.raises(OSError, match="no room for a temporary file .* set TMPDIR"):
        scratch_array((1 << 50,), np.int8, 1)
