"""One function called with many arguments in several processes of one thread each.

Two threads on one training mostly wait for each other; two trainings don't. The pool is
the standard library's. Added here is what neither it nor loky has: workers' log records
reach this process's log, workers end with a parent that is killed, and Ctrl-C is left
to the parent.
"""

import logging
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from logging.handlers import QueueHandler
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.queues import SimpleQueue
from typing import Any, ClassVar

from mmctr.runtime.signals import Stopped, ended_by_sigterm

# Read by OpenMP (torch, faiss), OpenBLAS and MKL when they are loaded.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

_GRACE_SECONDS = 10
"""Between a worker's SIGTERM and its SIGKILL."""

_SECONDS_BETWEEN_READS = 0.05

_SIGKILL = 9  # which Windows has not


def run_in_processes(
    function: Callable[[Any], Any], arguments: Mapping[str, Any], processes: int
) -> Generator[tuple[str, Any], None, None]:
    """Call a function with every argument, several at once.

    Processes are spawned (a fork would copy locks that torch's threads hold), have one
    thread each, and get the function once, so it must be picklable. Results therefore
    don't depend on the number of processes. Closing the iterator ends the workers.
    Their log records are logged here, after the call's name.

    Args:
        function: Takes one argument.
        arguments: By a name, in the order in which they are begun.
        processes: Most of them at once.

    Yields:
        Name and result of a call as soon as it ends, in whatever order.

    Raises:
        Exception: What the first failing call raised.
        ChildProcessError: If a worker was killed, naming the calls under way.
    """
    if not arguments:
        return
    context = multiprocessing.get_context("spawn")
    records: SimpleQueue[logging.LogRecord] = context.SimpleQueue()
    others = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(
        min(processes, len(arguments)),
        mp_context=context,
        initializer=_Worker.start,
        initargs=(pickle.dumps(function), records),
    )
    workers: set[BaseProcess] = set()
    unfinished = dict.fromkeys(arguments)
    try:
        with _sigint_blocked():
            calls: dict[Future[Any], str] = {
                executor.submit(_Worker.call, name, argument): name
                for name, argument in arguments.items()
            }
            workers |= set(multiprocessing.active_children()) - others
            # The pool watches the processes that it had when it was last woken, which
            # is before it starts the last one; one more call wakes it.
            executor.submit(int)
        with _relayed(records):
            for call in as_completed(calls):
                result = call.result()
                del unfinished[calls[call]]
                yield calls[call], result
    except BrokenProcessPool as error:
        _end(executor, workers)
        # Calls are begun in order, so these are the ones that had a worker.
        under_way = list(unfinished)[: len(workers)]
        raise ChildProcessError(_describe_death(workers, under_way)) from error
    finally:
        # A signal may have come between the start of workers and their noting.
        _end(executor, workers | (set(multiprocessing.active_children()) - others))


def portable_error(error: Exception) -> Exception:
    """The error, or one of its text that survives the way to another process."""
    try:
        pickle.loads(pickle.dumps(error))  # nosec B301
    except Exception:
        kind = ValueError if isinstance(error, ValueError) else RuntimeError
        return kind(str(error))
    return error


def _end(executor: ProcessPoolExecutor, workers: set[BaseProcess]) -> None:
    """Stop the workers, busy or not."""
    for worker in workers:
        worker.terminate()
    timer = threading.Timer(_GRACE_SECONDS, lambda: [x.kill() for x in workers])
    timer.start()
    executor.shutdown(cancel_futures=True)
    timer.cancel()


def _describe_death(workers: set[BaseProcess], under_way: list[str]) -> str:
    # The others were terminated for it.
    ended = (0, -signal.SIGTERM, 128 + signal.SIGTERM, None)
    code = next((x.exitcode for x in workers if x.exitcode not in ended), None)
    why = f"ended without a result (exit code {code})"
    if code == -_SIGKILL:
        why += (
            ": killed, by the system if there was too little memory; fewer processes "
            "at once need less memory"
        )
    if code is None:
        why = "could not be started, or was ended from outside; the log says more"
    return f"{' or '.join(under_way)}: its process {why}"


@contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Let processes start with SIGINT blocked: a terminal sends it to all of them.

    They inherit it; this process gets a signal of that time afterwards. Windows can't
    block signals.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _relayed(records: "SimpleQueue[logging.LogRecord]") -> Iterator[None]:
    """Log what workers log, until all that they sent is logged."""
    ended = threading.Event()

    def relay() -> None:
        while not (ended.wait(_SECONDS_BETWEEN_READS) and records.empty()):
            while not records.empty():
                record = records.get()
                logger = logging.getLogger(record.name)
                if logger.isEnabledFor(record.levelno):
                    logger.handle(record)

    thread = threading.Thread(target=relay, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        # A killed worker may have sent half a record, which never becomes whole.
        thread.join(1.0)


class _Sender(QueueHandler):
    """Sends records to the parent process, after the name of the call."""

    call = ""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        record = super().prepare(record)
        record.msg = f"{self.call}: {record.msg}"
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        self.queue.put(record)


class _Worker:
    """What a worker process keeps from call to call; it lives in workers only."""

    function: ClassVar[Callable[[Any], Any]]
    sender: ClassVar[_Sender]

    @classmethod
    def start(cls, pickled: bytes, records: "SimpleQueue[logging.LogRecord]") -> None:
        """Prepare the process; afterwards it loads the function's libraries."""
        os.environ.update(dict.fromkeys(_THREADS, "1"))
        threading.Thread(target=_end_with_parent, daemon=True).start()
        # It is from the process that started this one.
        cls.function = pickle.loads(pickled)  # nosec B301
        cls.sender = _Sender(records)
        logging.basicConfig(
            handlers=[cls.sender], level=logging.INFO, format="%(message)s", force=True
        )

    @classmethod
    def call(cls, name: str, argument: Any) -> Any:
        """Call the function; SIGTERM unwinds it before the process ends."""
        cls.sender.call = name
        try:
            with ended_by_sigterm():
                return cls.function(argument)
        except Stopped:
            os._exit(128 + signal.SIGTERM)
        except Exception as error:
            raise portable_error(error) from error.__cause__


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
