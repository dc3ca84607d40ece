"""Threads that score, and a bound on what waits for them."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from fastapi import HTTPException

T = TypeVar("T")


class Workers:
    """Runs functions in threads; what can't be done in time is refused."""

    def __init__(
        self, threads: int, kernel_threads: int, waiting: int, seconds: float
    ) -> None:
        """Start no thread yet.

        Args:
            threads: How many functions run at once.
            kernel_threads: Threads of torch for each of them.
            waiting: Most functions that run or wait.
            seconds: Longest time from asking to the result.
        """
        self._pool = ThreadPoolExecutor(
            threads, "worker", lambda: _set_kernel_threads(kernel_threads)
        )
        self._waiting, self._seconds = waiting, seconds
        self._pending = 0
        self._lock = threading.Lock()

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function, and wait for it.

        Raises:
            HTTPException: 503, if too many wait, or it took too long. What has begun
                goes on; what has not is left out.
        """
        with self._lock:
            if self._pending >= self._waiting:
                raise _unavailable(f"{self._pending} requests are waiting already")
            self._pending += 1
        future = self._pool.submit(function, *arguments)
        future.add_done_callback(self._note_end)
        result = asyncio.wrap_future(future)
        done, _ = await asyncio.wait([result], timeout=self._seconds)
        if done:
            return await result
        result.cancel()  # the other future too, where it has not begun
        raise _unavailable(f"no answer within {self._seconds:g} s")

    def close(self) -> None:
        """Leave out what waits."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _note_end(self, future: Future) -> None:
        with self._lock:
            self._pending -= 1


def _unavailable(why: str) -> HTTPException:
    return HTTPException(503, f"{why}; try again later", {"Retry-After": "1"})


def _set_kernel_threads(number: int) -> None:
    from torch import set_num_threads

    set_num_threads(number)
