"""SIGTERM and Ctrl-C as ways to end a run that can go on later."""

import signal
import threading
from collections.abc import Iterator, Sequence
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


class StopRequest:
    """Takes signals as a request to stop, to be answered at the next good moment.

    A second Ctrl-C stops at once. Signals that are ignored (Ctrl-C in a job in the
    background) stay so, and outside of the main thread nothing changes.

    Examples:
        >>> with StopRequest() as stop:
        ...     stop.requested
        False
    """

    def __init__(
        self,
        numbers: Sequence[signal.Signals] = (signal.SIGINT,),
        *,
        lost: str = "",
        watch: bool = True,
    ) -> None:
        """Nothing is requested yet.

        Args:
            numbers: The signals.
            lost: What a second Ctrl-C loses, for the message of :class:`Stopped`;
                without it, a KeyboardInterrupt is raised.
            watch: Handle the signals from entry on, not from :meth:`watch` on.
        """
        self.requested = False
        self._numbers = numbers
        self._lost = lost
        self._at_entry = watch
        self.received: int | None = None
        """The number of the signal."""
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Remember who handles the signals."""
        if _can_watch():
            handlers = {number: signal.getsignal(number) for number in self._numbers}
            self._before = {
                number: handler
                for number, handler in handlers.items()
                if handler not in (signal.SIG_IGN, None)
            }
        if self._at_entry:
            self.watch()
        return self

    def watch(self) -> None:
        """Handle the signals from now on, whoever took them meanwhile."""
        for number in self._before:
            signal.signal(number, self._note)

    def __exit__(self, *error: object) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def answer(self, what_is_kept: str, of_all: Sequence[int | None] = ()) -> None:
        """Stop, if a signal came.

        Args:
            what_is_kept: For the message.
            of_all: What other processes received, whose signals count too.

        Raises:
            Stopped: With the code of the signal.
        """
        numbers = [x for x in (self.received, *of_all) if x is not None]
        if numbers:
            raise Stopped(numbers[0], what_is_kept)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.requested and number == signal.SIGINT:
            if not self._lost:
                raise KeyboardInterrupt
            raise Stopped(number, f"at once: {self._lost} are lost")
        self.requested, self.received = True, number


def _can_watch() -> bool:
    return threading.current_thread() is threading.main_thread()
