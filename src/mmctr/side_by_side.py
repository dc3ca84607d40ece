"""One function called with many arguments side by side, in processes of one thread.

Two threads on one training mostly wait for each other; two trainings don't.
"""

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from typing import Any, Self

from mmctr.stopping import ended_by_sigterm

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
    process's business alone.

    Args:
        function: Takes one argument.
        arguments: By a name, in the order in which they are begun.
        processes: Most of them at once.

    Yields:
        Name and outcome of a call as soon as it ends, in whatever order. The outcome is
        a function: it gives what the call gave, or raises what it raised, or a
        ChildProcessError where the process was killed.
    """
    context = multiprocessing.get_context("spawn")
    pickled = pickle.dumps(function)
    waiting = iter(arguments.items())
    workers: list[_Worker] = []
    try:
        for _, (name, argument) in zip(range(processes), waiting, strict=False):
            worker = _Worker(context, pickled)
            workers.append(worker)
            worker.begin(name, argument)
        busy = {worker.connection: worker for worker in workers}
        while busy:
            for connection in wait(list(busy)):
                worker = busy[connection]
                name, outcome = worker.name, worker.outcome()
                following = next(waiting, None)
                if following is None or isinstance(outcome, _Killed):
                    del busy[connection]
                else:
                    # Before the outcome is looked at: nobody waits for that.
                    worker.begin(*following)
                yield name, outcome
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """A process that calls the function with one argument after the other."""

    def __init__(self, context: SpawnContext, pickled: bytes) -> None:
        self.name = ""
        self.connection, other = context.Pipe()
        # A daemon is ended where this process ends without having closed anything.
        self._process = context.Process(
            target=_work, args=(pickled, other), daemon=True
        )
        self._process.start()
        # Theirs alone: when they die, this end sees it.
        other.close()
        self._is_busy = False

    def begin(self, name: str, argument: Any) -> None:
        self.name, self._is_busy = name, True
        with suppress(OSError):  # it is dead: its outcome says so
            self.connection.send(argument)

    def outcome(self) -> Callable[[], Any]:
        self._is_busy = False
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            return _Killed(self._process.exitcode)

    def end(self) -> None:
        self.connection.close()
        if self._is_busy:
            self._process.terminate()
        # Nothing to do and nobody to ask: it ends by itself.
        self._process.join(_PATIENCE)
        self._process.kill()
        self._process.join()


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
        raise ChildProcessError(
            f"its process was killed (exit code {self.code}), by the system if there "
            "was too little memory: fewer at once need less"
        )


def _work(pickled: bytes, connection: Connection) -> None:
    """Answer every argument until there are no more; the target of a process."""
    # A terminal sends Ctrl-C to all of them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # The other end is closed while this one works or waits: there is no more to do.
    with ended_by_sigterm(), suppress(EOFError, BrokenPipeError):
        # Only now, for it loads libraries. It is from who started this process.
        function = pickle.loads(pickled)  # nosec B301
        while True:
            connection.send(_outcome(function, connection.recv()))


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
