"""What a worker of a cluster answers, and what Ray's own errors say to a user."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Answer = tuple[list[logging.LogRecord], Any, Exception | None]
"""Log records, the result of a call, and what it raised."""


class Records(logging.Handler):
    """Keeps the log records of a worker, ready to be sent.

    Args:
        call: Its name stands before each message.
    """

    def __init__(self, call: str) -> None:
        super().__init__()
        self._call = call
        self.kept: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        record.msg = f"{self._call}: {record.getMessage()}"
        record.args = record.exc_info = None
        self.kept.append(record)


def unpack(found: Answer) -> Any:
    """Log what a worker logged, and raise what it raised.

    Args:
        found: What the worker answered.

    Returns:
        The result of the call.

    Raises:
        Exception: That of the call.
    """
    records, result, error = found
    for record in records:
        own = logging.getLogger(record.name)
        if own.isEnabledFor(record.levelno):
            own.handle(record)
    if error is not None:
        raise error
    return result


def is_full(error: BaseException) -> bool:
    """Whether a node has no room for objects, in memory and on its disk."""
    return bool(re.search("OutOfDiskError|ObjectStoreFullError", _words(error)))


def full_store(error: BaseException) -> ChildProcessError:
    """Say what to do about it."""
    return ChildProcessError(
        f"the cluster's object store is full{_node_of(error)}, and so is the disk it "
        "spills to: Ray stops at 95 %; make room on the nodes (in /tmp, or where "
        "`ray start --temp-dir` said), or take fewer workers: --params "
        "scale.workers=N; then run again: finished results are kept"
    )


def reason(error: BaseException) -> str:
    """Why a worker gave no result, in one line."""
    text, node = str(error).strip(), _node_of(error)
    if "OutOfMemoryError" in _words(error):
        return (
            f"killed for lack of memory on its node{node}; fewer workers need less: "
            "--params scale.workers=N"
        )
    if "node has died" in text:
        return f"its node was lost{node}"
    if "process has died" in text:
        return (
            f"its process ended{node}; it was killed, or memory or the disk (Ray's "
            "folder, else /tmp) is full there"
        )
    return text.splitlines()[-1] if text else type(error).__name__


@contextmanager
def explained() -> Iterator[None]:
    """Say what to do about a cluster that is full or gone.

    Raises:
        ChildProcessError: In place of Ray's own error.
    """
    import ray

    try:
        yield
    except ray.exceptions.RayError as error:
        if is_full(error):
            raise full_store(error) from error
        raise ChildProcessError(
            f"the cluster, or a part of it, is lost: {reason(error)}; start it again "
            "if it is gone, and run again: finished results are kept"
        ) from error


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _node_of(error: BaseException) -> str:
    found = re.search(r"\bip[:=] ?([\w.:]+)", str(error))
    return f" (node {found[1]})" if found else ""
