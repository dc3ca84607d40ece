"""Let the C library keep memory that a training step has freed."""

import ctypes
import os
import sys
from collections.abc import Callable

# Names of glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_MMAP_MAX = -4

_NEVER = -1
_LARGEST_INT = 2**31 - 1


def keep_freed_memory() -> bool:
    """Let this process reuse large freed blocks.

    By default glibc takes blocks over 32 MiB from the kernel one by one and gives each
    back when it is freed, so that every training step maps and zeroes the same
    pages again. Results don't depend on it.

    This sets the whole process, all its threads and libraries, until it ends: the
    earlier values can't be read, so they can't be restored. From then on freed memory
    stays with the process, whose size remains near its peak. A block of 2 GiB or more
    is still given back.

    Nothing happens without Linux and glibc (musl, macOS, Windows). Replacement
    allocators, such as jemalloc, are not affected.

    Source: ``mallopt(3)``.

    Returns:
        Whether glibc accepted the settings.
    """
    mallopt = _glibc_mallopt()
    if mallopt is None:
        return False
    maps_less = mallopt(_M_MMAP_THRESHOLD, _LARGEST_INT) == 1
    # Until 2.34 the threshold could not pass 32 MiB: then no block is mapped at all.
    maps_less = maps_less or mallopt(_M_MMAP_MAX, 0) == 1
    return mallopt(_M_TRIM_THRESHOLD, _NEVER) == 1 and maps_less


def _glibc_mallopt() -> Callable[[int, int], int] | None:
    if sys.platform != "linux":
        return None
    try:
        # musl knows neither this name nor the function.
        if not (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc"):
            return None
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, ValueError):
        return None
    mallopt.argtypes, mallopt.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_int
    return mallopt
