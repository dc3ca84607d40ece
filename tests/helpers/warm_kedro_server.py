"""A process that has imported the slow libraries, and forks a ``kedro`` per request.

``python warm_kedro_server.py SOCKET``; it ends when its standard input is closed.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import threading
from typing import Any

SLOW = (
    "torch",
    "fuxictr.pytorch.layers",
    "pytorch_lightning",
    "faiss",
    "sklearn.feature_extraction.text",
    "sklearn.metrics",
    "matplotlib.pyplot",
    "openai",
    "kedro_datasets.pandas",
    "vector_quantize_pytorch",
    "dynaconf",
    "rich.logging",
)
ROOMS = (
    "ctr", "content", "data", "evaluation", "runtime", "experiments", "pipelines",
    "reporting",
)  # fmt: skip


def import_what_is_slow() -> None:
    """All but ``kedro.framework.project``: the folder it is imported in decides
    where a run's log goes."""
    for name in (*SLOW, "mmctr.project.params"):
        importlib.import_module(name)
    for room in ROOMS:
        package = importlib.import_module(f"mmctr.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"mmctr.{room}."):
            importlib.import_module(module.name)
    assert "kedro.framework.project" not in sys.modules


def next_request(listener: socket.socket) -> dict[str, Any]:
    """Wait for requests; return, in a process of its own, one to be run."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            sys.exit()
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return forked(connection)
        connection.close()


def forked(connection: socket.socket) -> dict[str, Any]:
    """Fork once more: the child runs, its parent reports process id and exit code."""
    message, outputs, _, _ = socket.recv_fds(connection, 1 << 20, 2)
    pid = os.fork()
    if pid == 0:
        connection.close()
        for target, output in zip((1, 2), outputs, strict=True):
            os.dup2(output, target)
            os.close(output)
        return json.loads(message)
    for output in outputs:
        os.close(output)
    connection.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def run(request: dict[str, Any]) -> None:
    """``kedro ARGUMENTS`` in the request's folder and environment, after its patch."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)
    exec(request["patch"], {"__name__": "patch"})
    from kedro.framework.cli.cli import main

    sys.argv = ["kedro", *request["arguments"]]
    main()


def exit_code(request: dict[str, Any]) -> int:
    """Run a request; its exit code, as Python has it."""
    try:
        run(request)
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        sys.stderr.write(f"{ended.code}\n")
    except BaseException:
        sys.excepthook(*sys.exc_info())
    return 1


def end(code: int) -> None:
    """End like Python, but for taking the libraries' modules apart for seconds."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    import_what_is_slow()
    gc.freeze()  # what is imported stays: collections in forks need not look at it
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(sys.argv[1])
        listening.listen()
        request = next_request(listening)
    end(exit_code(request))
