"""One function called with many arguments side by side, in processes of one thread.

Two threads on one training mostly wait for each other; two trainings don't.
"""

import logging
import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from logging.handlers import QueueHandler
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Self

from mmctr.runtime.signals import ended_by_sigterm

# Read by OpenMP (torch, faiss), OpenBLAS and MKL when they are loaded.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

# Seconds that a process has to put its affairs in order.
_PATIENCE = 10


def side_by_side(
    function: Callable[[Any], Any], arguments: Mapping[str, Any], processes: int
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Call a function with every argument, some of them at once.

    Every process is started anew (a fork would copy locks that torch's threads hold),
    works with one thread, and gets the function once: it and what it holds must be
    picklable. So results don't depend on how many processes there are. They end when
    the iterator is closed, and with this process however that ends. Ctrl-C is this
    process's business alone. What they log is logged here, after the name.

    Args:
        function: Takes one argument.
        arguments: By a name, in the order in which they are begun.
        processes: Most of them at once.

    Yields:
        Name and outcome of a call as soon as it ends, in whatever order. The outcome is
        a function: it gives what the call gave, or raises what it raised, or a
        ChildProcessError where the process was killed.
    """
    pickled = pickle.dumps(function)
    workers = [_Worker(pickled) for _ in range(min(processes, len(arguments)))]
    waiting = iter(arguments.items())
    try:
        for worker in workers:
            worker.begin(*next(waiting))
        while busy := {x.connection: x for x in workers if x.is_busy}:
            for connection in wait(list(busy)):
                worker = busy[connection]
                outcome = worker.receive()
                if outcome is None:
                    continue
                name = worker.name
                # Nobody waits for what becomes of the outcome.
                following = next(waiting, None)
                if following is not None:
                    worker.begin(*following)
                yield name, outcome
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """A process that calls the function with one argument after the other."""

    def __init__(self, pickled: bytes) -> None:
        self.name = ""
        self.is_busy = False
        self._pickled = pickled
        self._process: BaseProcess | None = None

    def begin(self, name: str, argument: Any) -> None:
        """Give it work; where it was killed, another process takes its place."""
        if self._process is None:
            self._process, self.connection = _start(self._pickled)
        self.name, self.is_busy = name, True
        with suppress(OSError):  # it was killed just now: what it says is the end
            self.connection.send(argument)

    def receive(self) -> "_Outcome | None":
        """Take what it says: how a call ended, or a record, which is logged."""
        try:
            said = self.connection.recv()
        except (EOFError, OSError):
            self.is_busy = False  # its last words are its own
            said = _Killed(self.end())
        if isinstance(said, logging.LogRecord):
            said.msg = f"{self.name}: {said.msg}"
            logger = logging.getLogger(said.name)
            if logger.isEnabledFor(said.levelno):
                logger.handle(said)
            return None
        self.is_busy = False
        return said

    def end(self) -> int | None:
        """Stop what it does; its exit code, if there is a process."""
        process, self._process = self._process, None
        if process is None:
            return None
        if self.is_busy:
            process.terminate()
        # One with nothing to do ends by itself: nobody is there to ask.
        self.connection.close()
        process.join(_PATIENCE)
        process.kill()
        process.join()
        return process.exitcode


def _start(pickled: bytes) -> tuple[BaseProcess, Connection]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    # A daemon is ended where this process ends without having closed anything.
    process = context.Process(target=_work, args=(pickled, theirs), daemon=True)
    with _without_interrupts():
        process.start()
    # Theirs alone: when they die, this end sees it.
    theirs.close()
    return process, ours


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Let a process be born deaf to Ctrl-C, which a terminal sends to all of them.

    Outside of the main thread nothing changes: it has to become so by itself.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Made:
    """What a call gave."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self) -> Any:
        return self.value


class _Raised:
    """What a call raised."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    @classmethod
    def in_other_process(cls, error: Exception) -> Self:
        """Keep where it happened; tracebacks are not picklable."""
        error.add_note(traceback.format_exc())
        try:
            pickle.loads(pickle.dumps(error))  # nosec B301
        except Exception:  # an exception with arguments of its own
            kind = ValueError if isinstance(error, ValueError) else RuntimeError
            return cls(kind(str(error)))
        return cls(error)

    def __call__(self) -> Any:
        raise self.error


class _Killed:
    """Nothing came, and nothing will."""

    def __init__(self, code: int | None) -> None:
        self.code = code

    def __call__(self) -> Any:
        advice = ""
        if self.code == -signal.SIGKILL:
            advice = (
                ": killed, by the system if there was too little memory; fewer "
                "processes at once need less"
            )
        raise ChildProcessError(
            f"its process ended without a result (exit code {self.code}){advice}"
        )


_Outcome = _Made | _Raised | _Killed


class _Sender(QueueHandler):
    """Sends records and outcomes to the process that started this one."""

    def enqueue(self, record: logging.LogRecord) -> None:
        self.send(record)

    def send(self, said: logging.LogRecord | _Outcome) -> None:
        # The lock is the handler's, for any thread may log.
        with self.lock, suppress(BrokenPipeError):  # it is gone, and this one follows
            self.queue.send(said)


def _work(pickled: bytes, connection: Connection) -> None:
    """Answer every argument until there are no more; the target of a process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # The other end is closed while this one works or waits: there is no more to do.
    with ended_by_sigterm(), suppress(EOFError):
        # Only now, for it loads libraries. It is from who started this process.
        function = pickle.loads(pickled)  # nosec B301
        sender = _Sender(connection)
        logging.basicConfig(
            handlers=[sender], level=logging.INFO, format="%(message)s", force=True
        )
        while True:
            sender.send(_outcome(function, connection.recv()))


def _outcome(function: Callable[[Any], Any], argument: Any) -> _Made | _Raised:
    try:
        return _Made(function(argument))
    except Exception as error:  # of whatever kind: it is raised over there
        return _Raised.in_other_process(error)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
