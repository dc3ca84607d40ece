"""SIGTERM and Ctrl-C as ways to end a run that can go on later."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

# Names for people, as they know them.
_NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


class Stopped(SystemExit):
    """A signal ended the run; its exit code is 128 and the signal's number.

    Not an ``Exception``: nothing takes it for an error of a node.
    """

    def __init__(self, number: int, what_is_kept: str = "") -> None:
        """Say which signal it was.

        Args:
            number: Of the signal.
            what_is_kept: For the user.
        """
        super().__init__(128 + number)
        self.message = f"by {_NAMES.get(signal.Signals(number), number)}"
        if what_is_kept:
            self.message += f"; {what_is_kept}"

    def __str__(self) -> str:
        """The message, not the code."""
        return self.message


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM raise :class:`Stopped`, so that files and locks are left in order.

    What else handles the signal, or ignores it, stays; so does all of it outside of the
    main thread.
    """
    watched = _can_watch() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if watched:
        signal.signal(signal.SIGTERM, _stop_at_once)
    try:
        yield
    finally:
        if watched:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _stop_at_once(number: int, frame: FrameType | None) -> None:
    # Cleaning up is not to be cut short by a second one.
    signal.signal(number, signal.SIG_IGN)
    raise Stopped(number)


class StopRequests:
    """Takes SIGTERM and Ctrl-C as a request, to be answered at the next good moment.

    A second Ctrl-C stops at once. Signals that are ignored (Ctrl-C in a job in the
    background) stay so, and outside of the main thread nothing changes.

    Example:
        >>> with StopRequests() as stop:
        ...     stop.watch()
        ...     stop.requested
        False
    """

    def __init__(self) -> None:
        """Nothing is requested yet."""
        self.number: int | None = None
        self._before: dict[signal.Signals, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether a signal came."""
        return self.number is not None

    def __enter__(self) -> Self:
        """Remember who handles the signals."""
        if _can_watch():
            handlers = {number: signal.getsignal(number) for number in _NAMES}
            self._before = {
                number: handler
                for number, handler in handlers.items()
                if handler not in (signal.SIG_IGN, None)
            }
        return self

    def watch(self) -> None:
        """Handle them from now on; again, if somebody else has taken them meanwhile."""
        for number in self._before:
            signal.signal(number, self._note)

    def __exit__(self, *error: object) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def answer(self, what_is_kept: str) -> None:
        """Stop, if that was requested.

        Raises:
            Stopped: With the code of the signal.
        """
        if self.number is not None:
            raise Stopped(self.number, what_is_kept)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None and number == signal.SIGINT:
            raise Stopped(number, "at once: steps since the last checkpoint are lost")
        self.number = number


def _can_watch() -> bool:
    return threading.current_thread() is threading.main_thread()
