"""Many requests at a time, none of which is lost to the failure of another."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from mmctr.content.embedders.openai.pace import TokenPace
from mmctr.runtime.signals import StopRequest

logger = logging.getLogger(__name__)

Job = TypeVar("Job")
Answer = TypeVar("Answer")

# How soon a request to stop is noticed.
_TICK_SECONDS = 0.2


class RequestFailed(Exception):
    """A request failed for good.

    Attributes:
        reason: One sentence for people, without a secret.
        is_final: Whether every other request would fail alike.
    """

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        """Take reason and whether to go on."""
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final


@dataclass
class Delivery:
    """What became of the jobs.

    Attributes:
        requests: Jobs that were sent.
        done: Positions of the jobs whose answers were kept.
        failed: Positions of the jobs that failed, with the reason.
        ended_by: Why the rest was not sent; None: all were.
    """

    requests: int = 0
    done: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    ended_by: str | None = None

    def reasons(self) -> list[str]:
        """Different reasons of failures, the most frequent first."""
        return [reason for reason, _ in Counter(self.failed.values()).most_common()]


class Courier(Generic[Job, Answer]):
    """Sends jobs in threads and keeps their answers in the caller's.

    The threads are daemons: when the user wants to stop now, the program does not wait
    for a service that does not answer.
    """

    def __init__(
        self,
        send: Callable[[Job], Answer],
        keep: Callable[[Job, Answer], None],
        *,
        concurrency: int,
        stop_after_failures: int,
        pace: TokenPace,
        stop: StopRequest,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            send: Sends a job, in a thread; raises :class:`RequestFailed`.
            keep: Keeps an answer, in the caller's thread; may raise
                :class:`RequestFailed` if it is not usable.
            concurrency: Jobs at the same time.
            stop_after_failures: Failures in a row after which the rest is not sent.
            pace: When the next job may start.
            stop: Whether the user wants to stop.
        """
        self._send = send
        self._keep = keep
        self._concurrency = concurrency
        self._stop_after_failures = stop_after_failures
        self._pace = pace
        self._stop = stop
        self._waiting: SimpleQueue[tuple[int, Job] | None] = SimpleQueue()
        self._answers: SimpleQueue[tuple[int, Answer | BaseException]] = SimpleQueue()
        self._in_a_row = 0

    def deliver(self, jobs: Sequence[Job], sizes: Sequence[int]) -> Delivery:
        """Send the jobs in order; return when none is in flight.

        Args:
            jobs: What is sent.
            sizes: Tokens of each job, for the pace.

        Returns:
            What became of them.
        """
        delivery = Delivery()
        in_flight = 0
        for _ in range(min(self._concurrency, len(jobs))):
            threading.Thread(target=self._work, daemon=True).start()
        try:
            while True:
                if delivery.ended_by is None and self._stop.requested:
                    delivery.ended_by = "you stopped it"
                    logger.warning(
                        "Stopping: %d requests in flight are being finished and kept; "
                        "press Ctrl-C again to stop now",
                        in_flight,
                    )
                following = delivery.requests
                may_send = delivery.ended_by is None and following < len(jobs)
                if not may_send and not in_flight:
                    return delivery
                if may_send and in_flight < self._concurrency:
                    wait = self._pace.seconds_left()
                    if wait == 0:
                        self._pace.spend(sizes[following])
                        self._waiting.put((following, jobs[following]))
                        delivery.requests += 1
                        in_flight += 1
                        continue
                else:
                    wait = _TICK_SECONDS
                try:
                    answered = self._answers.get(timeout=min(wait, _TICK_SECONDS))
                except Empty:
                    continue
                in_flight -= 1
                self._take(delivery, jobs, *answered)
        finally:
            for _ in range(self._concurrency):
                self._waiting.put(None)

    def _work(self) -> None:
        while (task := self._waiting.get()) is not None:
            position, job = task
            try:
                self._answers.put((position, self._send(job)))
            except BaseException as error:  # a defect must not leave the caller waiting
                self._answers.put((position, error))

    def _take(
        self,
        delivery: Delivery,
        jobs: Sequence[Job],
        position: int,
        answer: Answer | BaseException,
    ) -> None:
        try:
            if isinstance(answer, BaseException):
                raise answer
            self._keep(jobs[position], answer)
        except RequestFailed as failure:
            delivery.failed[position] = failure.reason
            self._in_a_row += 1
            if delivery.ended_by is not None:
                return
            if failure.is_final:
                delivery.ended_by = "they would fail alike"
            elif self._in_a_row >= self._stop_after_failures:
                delivery.ended_by = f"{self._in_a_row} requests in a row failed"
            return
        self._in_a_row = 0
        delivery.done.append(position)
