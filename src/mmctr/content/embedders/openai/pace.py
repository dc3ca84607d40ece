"""Requests no faster than a budget of tokens a minute allows."""

import time
from collections.abc import Callable


class TokenPace:
    """Spaces requests by their tokens.

    A request of ``n`` tokens keeps the next one waiting ``n / budget`` minutes, so that
    any minute sees the budget and one request at most, as a bucket that refills
    steadily allows.
    """

    def __init__(
        self,
        tokens_per_minute: int | None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with a full budget.

        Args:
            tokens_per_minute: The budget; None: no waiting at all.
            clock: Gives seconds.
        """
        self._per_second = None if tokens_per_minute is None else tokens_per_minute / 60
        self._clock = clock
        self._free_at = clock()

    def seconds_left(self) -> float:
        """How long the next request must wait; 0: not at all."""
        return max(0.0, self._free_at - self._clock())

    def spend(self, tokens: int) -> None:
        """Count a request that is sent now."""
        if self._per_second is not None:
            now = max(self._free_at, self._clock())
            self._free_at = now + tokens / self._per_second
