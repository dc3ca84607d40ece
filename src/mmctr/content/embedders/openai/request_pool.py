"""Many requests at a time, none of which is lost to the failure of another."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from mmctr.content.embedders.openai.errors import RequestFailed
from mmctr.runtime.signals import StopRequest

logger = logging.getLogger(__name__)

Job = TypeVar("Job")
Answer = TypeVar("Answer")

# How soon a request to stop is noticed.
_TICK_SECONDS = 0.2


class TokenRateLimiter:
    """Spaces requests by their tokens.

    A request of ``n`` tokens keeps the next one waiting ``n / budget`` minutes, so that
    any minute sees at most the budget and one request, as a bucket that refills
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


@dataclass
class RequestResults:
    """What became of the jobs.

    Attributes:
        sent: How many jobs were sent, in their order.
        failed: Positions of the jobs that failed, with the reason. The other jobs that
            were sent are stored.
        ended_by: Why the rest was not sent; empty: all were.
    """

    sent: int = 0
    failed: dict[int, str] = field(default_factory=dict)
    ended_by: str = ""


@dataclass
class RequestPool(Generic[Job, Answer]):
    """Sends jobs in threads and stores their answers in the caller's thread.

    The threads are daemons: when the user wants to stop now, the program does not wait
    for a service that does not answer.

    Attributes:
        send: Sends a job, in a thread of its own; may raise :class:`RequestFailed`.
        store: Stores an answer, in the caller's thread; may raise
            :class:`RequestFailed` if it is not usable.
        concurrency: Jobs at the same time.
        stop_after_failures: Failures in a row after which the rest is not sent.
        limiter: When the next job may start.
        stop: Whether the user wants to stop.
    """

    send: Callable[[Job], Answer]
    store: Callable[[Job, Answer], None]
    concurrency: int
    stop_after_failures: int
    limiter: TokenRateLimiter
    stop: StopRequest

    def __post_init__(self) -> None:
        """Nothing is in flight yet."""
        self._answers: SimpleQueue[tuple[int, Answer | BaseException]] = SimpleQueue()
        self._failures_in_a_row = 0

    def run(self, jobs: Sequence[Job], sizes: Sequence[int]) -> RequestResults:
        """Send the jobs in order; return when none is in flight.

        Args:
            jobs: What is sent.
            sizes: Tokens of each job, for the limiter.

        Returns:
            What became of them.
        """
        results = RequestResults()
        in_flight = 0
        while True:
            if self.stop.requested and not results.ended_by:
                results.ended_by = "you stopped it"
                logger.warning(
                    "Stopping: %d requests in flight are being finished and kept; "
                    "press Ctrl-C again to stop now",
                    in_flight,
                )
            position = results.sent
            may_send = not results.ended_by and position < len(jobs)
            if not may_send and not in_flight:
                return results
            wait = _TICK_SECONDS
            if may_send and in_flight < self.concurrency:
                wait = self.limiter.seconds_left()
                if wait == 0:
                    self.limiter.spend(sizes[position])
                    self._start(position, jobs[position])
                    results.sent += 1
                    in_flight += 1
                    continue
            try:
                position, answer = self._answers.get(timeout=min(wait, _TICK_SECONDS))
            except Empty:
                continue
            in_flight -= 1
            try:
                if isinstance(answer, BaseException):
                    raise answer
                self.store(jobs[position], answer)
                self._failures_in_a_row = 0
            except RequestFailed as failure:
                self._note_failure(results, position, failure)

    def _start(self, position: int, job: Job) -> None:
        """Send a job in a thread; its answer, or what it raised, goes to the queue."""

        def work() -> None:
            try:
                self._answers.put((position, self.send(job)))
            except BaseException as error:  # a defect must not leave the caller waiting
                self._answers.put((position, error))

        threading.Thread(target=work, daemon=True).start()

    def _note_failure(
        self, results: RequestResults, position: int, failure: RequestFailed
    ) -> None:
        results.failed[position] = failure.reason
        self._failures_in_a_row += 1
        if results.ended_by:
            return
        if failure.is_final:
            results.ended_by = "they would fail for the same reason"
        elif self._failures_in_a_row >= self.stop_after_failures:
            results.ended_by = f"{self._failures_in_a_row} requests in a row failed"
