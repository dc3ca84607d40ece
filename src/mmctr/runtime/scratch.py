"""Arrays too large for memory, in temporary files without a name."""

import errno
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence

import numpy as np

from mmctr.runtime.mapped_files import MappedArrays

LARGE = 1 << 30
"""Bytes from which an array lies in a file."""

TABLE_GB = 2.0
"""Gigabytes of a table's numbers from which its columns lie in files."""

AT_ONCE = 1 << 20
"""Rows that are made at a time."""


def scratch_array(
    shape: tuple[int, ...], dtype: np.typing.DTypeLike, large: int = LARGE
) -> np.ndarray:
    """Make an array to be filled: in memory, or in a file where it is large.

    The file is in the folder for temporary files (``TMPDIR`` chooses another one), has
    no name and is gone with the array, also if the process is killed. The system keeps
    in memory as much of it as it has room for.

    Args:
        shape: Of the array.
        dtype: Of the array.
        large: Bytes from which it lies in a file.

    Raises:
        OSError: If there is no room for the file.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if not size or size < large:
        return np.empty(shape, dtype)
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if size > free:
        raise OSError(
            errno.ENOSPC,
            f"no room for a temporary file of {size / 1e9:.1f} GB, {free / 1e9:.1f} GB "
            "are free; make room, or set TMPDIR to a folder on a larger disk",
            tempfile.gettempdir(),
        )
    with tempfile.TemporaryFile() as file:
        if hasattr(os, "posix_fallocate"):
            # A file with holes would end the process once the disk is full.
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)
        return np.asarray(np.memmap(file, dtype, "r+", shape=shape))


def fill_by_rows(
    shape: tuple[int, ...],
    dtype: np.typing.DTypeLike,
    rows_of: Callable[[slice], np.ndarray],
) -> np.ndarray:
    """Make an array some rows at a time, in a file where it is large.

    Args:
        shape: Of the array.
        dtype: Of the array.
        rows_of: Makes those of a range.
    """
    if shape[0] <= AT_ONCE:
        return np.ascontiguousarray(rows_of(slice(0, shape[0])), dtype)
    found = scratch_array(shape, dtype)
    mapped = MappedArrays([found])
    for start in range(0, shape[0], AT_ONCE):
        rows = slice(start, min(start + AT_ONCE, shape[0]))
        found[rows] = rows_of(rows)
        mapped.drop_pages()
    return found


def take_columns(array: np.ndarray, columns: Sequence[int] | np.ndarray) -> np.ndarray:
    """Some columns of ``[R, C]``, contiguous; ``columns`` are places or a mask."""
    width = np.arange(array.shape[1])[columns].shape[0]
    shape = (len(array), width)
    return fill_by_rows(shape, array.dtype, lambda rows: array[rows][:, columns])
