"""One run at a time per data set."""

import errno
import json
import logging
import os
import shlex
import socket
import sys
import time
import weakref
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from mmctr.runtime.running import is_running

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None

logger = logging.getLogger(__name__)

LOCK_FILE = ".lock"

# File systems that have no locks.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


class DatasetBusyError(BlockingIOError):
    """Another run works on the data set."""


class DatasetLock:
    """A lock that the kernel releases when the process ends, also by ``kill -9``.

    It is ``flock`` on a file that also names its holders. The file is removed at the
    end; one that a killed process left behind locks nothing.

    Examples:
        >>> lock = DatasetLock.take(Path("data/08_reporting/toys"), "toys")
        >>> lock.release()
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        """Keep a lock that was taken; :meth:`take` takes one."""
        self._finish = weakref.finalize(self, _release, path, descriptor, os.getpid())
        # A child that outlives a killed run must not hold its lock.
        os.register_at_fork(after_in_child=_Closing(descriptor, self._finish))

    @classmethod
    def take(cls, folder: Path, dataset: str, *, shared: bool = False) -> Self | None:
        """Take the lock, or say who holds it.

        Args:
            folder: A folder of the data set; created if missing.
            dataset: Its name, for messages.
            shared: Allow other shared holders.

        Returns:
            The lock; None where the system or its files have none, which is logged.

        Raises:
            DatasetBusyError: Naming process, host, since when and what it runs.
            OSError: If the folder can't be written.
        """
        if fcntl is None:
            return _warn("Windows", dataset)
        path, tries = folder / LOCK_FILE, 3  # `held_by` has it for a moment
        while True:
            descriptor = _open(path, dataset)
            try:
                mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
                fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
            except BlockingIOError:
                holders = _read_holders(descriptor)
                os.close(descriptor)
                tries -= 1
                if holders or not tries:
                    raise DatasetBusyError(_refusal(dataset, holders)) from None
                continue
            except OSError as error:
                os.close(descriptor)
                if error.errno not in _NO_LOCKS:
                    raise
                return _warn(f"{folder}: this file system", dataset)
            if _is_at(path, descriptor):
                break
            os.close(descriptor)  # its last holder has just removed it
        lock = cls(path, descriptor)
        try:
            if not shared:
                os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_END)
            os.write(descriptor, (json.dumps(_own_entry()) + "\n").encode())
        except OSError as error:
            lock.release()
            raise _unwritable(path, dataset, error) from error
        return lock

    def release(self) -> None:
        """Release it; a second call does nothing."""
        self._finish()


class _Closing:
    """Closes a descriptor in a child, while the lock is held."""

    def __init__(self, descriptor: int, finish: weakref.finalize) -> None:
        self._descriptor = descriptor
        self._finish = finish

    def __call__(self) -> None:
        # Python can't unregister this: after the release the number is another file's.
        if self._finish.alive:
            os.close(self._descriptor)
            self._finish.detach()


def _warn(where: str, dataset: str) -> None:
    logger.warning(
        "%s has no locks; make sure that no two runs use '%s' at once", where, dataset
    )


def _open(path: Path, dataset: str) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _unwritable(path, dataset, error) from error


def _unwritable(path: Path, dataset: str, error: OSError) -> OSError:
    return OSError(
        f"{path}: {error.strerror}; a run must write the artifacts of data set "
        f"'{dataset}' in such folders: make them writable, or room on their disk"
    )


def _release(path: Path, descriptor: int, pid: int) -> None:
    if os.getpid() != pid:
        return
    try:
        # The last of the shared holders removes the file.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_at(path, descriptor):
            path.unlink()
            _remove_empty(path.parent)
    except OSError:
        pass  # a file that is left behind locks nothing
    finally:
        os.close(descriptor)


def _remove_empty(folder: Path) -> None:
    """Remove folders that a run without outputs created, up to ``data`` itself."""
    for each in (folder, *folder.parents[:2]):
        each.rmdir()


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _own_entry() -> dict[str, Any]:
    command = [Path(sys.argv[0]).name, *sys.argv[1:]]
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
        "command": shlex.join(command),
    }


def _read_holders(descriptor: int) -> list[dict[str, Any]]:
    """Read the lock's holders, waiting shortly until they are written."""
    for _ in range(20):
        lines = os.pread(descriptor, 1 << 16, 0).decode(errors="replace").splitlines()
        try:
            holders = [json.loads(line) for line in lines]
        except ValueError:
            holders = []
        holders = [x for x in holders if isinstance(x, dict) and _may_live(x)]
        if holders:
            return holders
        time.sleep(0.02)
    return []


def _may_live(holder: dict[str, Any]) -> bool:
    if holder.get("host") != socket.gethostname():
        return True
    try:
        return is_running(int(holder["pid"]))
    except (KeyError, ValueError):
        return True


def describe_holders(holders: list[dict[str, Any]]) -> str:
    """Describe holders: process, host, since when, and command."""
    return "; ".join(
        f"process {x.get('pid')} on {x.get('host')}, since {x.get('since')}: "
        f"{x.get('command')}"
        for x in holders
    )


def held_by(folder: Path) -> list[dict[str, Any]]:
    """List the holders of a data set's lock, without taking it.

    Returns:
        An entry per process: ``pid``, ``host``, ``since``, ``command``.
    """
    if fcntl is None:
        return []
    try:
        descriptor = os.open(folder / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holders(descriptor) or [{}]
    except OSError:
        return []
    finally:
        os.close(descriptor)
    return []


def _refusal(dataset: str, holders: list[dict[str, Any]]) -> str:
    who = describe_holders(holders) or "another process"
    return (
        f"another run works on data set '{dataset}' ({who}). Wait until it ends, stop "
        "it, or give this run a data set of its own (--params dataset=NAME)"
    )
