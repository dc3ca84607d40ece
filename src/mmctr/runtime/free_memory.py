"""How much memory is available to a process, and how much it takes."""

import os
import sys
from pathlib import Path

try:
    import resource
except ImportError:  # Windows has none
    resource = None


def available_memory() -> int | None:
    """Bytes that a new process may use, by the machine and its control group."""
    limits = [x for x in (_of_machine(), _of_group()) if x is not None]
    return min(limits, default=None)


def own_memory() -> int | None:
    """Bytes that this process holds now."""
    return _of_process(1)


def mapped_memory() -> int | None:
    """Those of them that lie in files, which the system may take back."""
    return _of_process(2)


def peak_memory(*, children: bool = False) -> int:
    """Largest bytes that this process held; 0 where the system does not say.

    Args:
        children: Of its largest child that ended, instead.
    """
    if resource is None:
        return 0
    who = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(who).ru_maxrss * unit


def _of_process(place: int) -> int | None:
    """A number of ``/proc/self/statm``, in bytes."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[place])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def _of_machine(path: Path = Path("/proc/meminfo")) -> int | None:
    try:
        lines = path.read_text().splitlines()
        return next(
            int(line.split()[1]) * 1024
            for line in lines
            if line.startswith("MemAvailable:")
        )
    except (OSError, StopIteration, ValueError):
        return None


def _of_group(folder: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Bytes left under a container's limit, by either version of cgroups."""
    for limit, used in (
        (folder / "memory.max", folder / "memory.current"),
        (
            folder / "memory" / "memory.limit_in_bytes",
            folder / "memory" / "memory.usage_in_bytes",
        ),
    ):
        try:
            # "max" where there is no limit.
            return max(int(limit.read_text()) - int(used.read_text()), 0)
        except (OSError, ValueError):
            continue
    return None
