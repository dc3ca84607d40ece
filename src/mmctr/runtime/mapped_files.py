"""What a process has in memory of arrays that lie in mapped files."""

import ctypes
import mmap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mmctr.runtime.free_memory import mapped_memory

RESIDENT = 2 * 10**9
"""Bytes of mapped files that may be in memory while a log is read batch by batch."""

_SMALLEST = 1 << 24


class MappedArrays:
    """Arrays of which some may lie in mapped files.

    The system leaves what was read of a mapped file in the memory of the process, all
    of it in the end, and takes it back only when it has nothing else left. Here a
    process gives it back by itself. Nothing is lost, and what is still in the system's
    cache is not read from the disk again. Only Linux is asked; elsewhere nothing
    happens.
    """

    def __init__(self, arrays: Iterable[np.ndarray]) -> None:
        """Hold the arrays, so that nothing else can come to lie where they are.

        Args:
            arrays: Of any kind; those below 16 MB are left alone.
        """
        self._arrays = [array for array in arrays if array.nbytes >= _SMALLEST]
        self._others = 0

    def drop_pages(self, over: int = 0) -> None:
        """Take them out of this process's memory until they are read again.

        Args:
            over: Bytes of mapped files in memory up to which they stay, those of others
                (libraries) apart.
        """
        if self._arrays and (mapped_memory() or 0) - self._others > over:
            self._advise("MADV_DONTNEED")
            self._others = mapped_memory() or 0

    @contextmanager
    def read_in_any_order(self) -> Iterator[None]:
        """Read no neighbours from the disk with what is asked for."""
        self._advise("MADV_RANDOM")
        try:
            yield
        finally:
            self._advise("MADV_NORMAL")

    def _advise(self, advice: str) -> None:
        for start, end in _files_in_memory(self._arrays):
            madvise = ctypes.CDLL(None).madvise
            madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
            madvise(start, end - start, getattr(mmap, advice))


def _files_in_memory(arrays: Iterable[np.ndarray]) -> list[tuple[int, int]]:
    """Addresses of the shared files that hold an array; never of other memory."""
    first = {array.ctypes.data for array in arrays}
    if not first:
        return []
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        addresses, permissions, _, _, inode, *_ = line.split(maxsplit=5)
        if permissions.endswith("s") and inode != "0":
            start, end = (int(x, 16) for x in addresses.split("-"))
            if any(start <= address < end for address in first):
                found.append((start, end))
    return found
