"""Ctrl-C as a request to finish what is begun; a second one stops now."""

import signal
import threading
from types import FrameType
from typing import Any, Self


class StopRequest:
    """Watches for SIGINT while it is entered.

    Only the main thread can: elsewhere, and where SIGINT is ignored (a job in the
    background), nothing changes.
    """

    def __init__(self) -> None:
        """Nothing is requested yet."""
        self.requested = False
        self._watches = False
        self._before: Any = None

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._before = signal.getsignal(signal.SIGINT)
        in_main = threading.current_thread() is threading.main_thread()
        self._watches = in_main and self._before not in (signal.SIG_IGN, None)
        if self._watches:
            signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *error: object) -> None:
        """Give SIGINT back."""
        if self._watches:
            signal.signal(signal.SIGINT, self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
