"""What a worker of a cluster answers, and what Ray's own errors say to a user."""

import logging
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


@contextmanager
def explained() -> Iterator[None]:
    """Say what to do about a cluster that is full or gone.

    Raises:
        ChildProcessError: In place of Ray's own error.
    """
    import ray

    try:
        yield
    except (
        ray.exceptions.ObjectStoreFullError,
        ray.exceptions.OutOfDiskError,
    ) as error:
        raise ChildProcessError(
            "the cluster's object store is full, and so is the disk it spills to; make "
            "room on the nodes (in /tmp), or take fewer workers: --params "
            "scale.workers=N; finished results are kept"
        ) from error
    except ray.exceptions.RayError as error:
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ChildProcessError(
            f"the connection to the cluster is lost: {first}; start it again, and run "
            "again: finished results are kept"
        ) from error
