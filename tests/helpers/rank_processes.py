"""Several processes that form a process group over gloo, on this machine."""

import pickle
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import distributed, multiprocessing

SECONDS = 300
"""Until processes that wait for each other are given up."""


def run_in_ranks(
    count: int, function: Callable[..., Any], *args: Any, folder: Path
) -> list[Any]:
    """Call a function in each of several processes that form a group.

    Args:
        count: Processes; one has no group.
        function: Any, as processes are forked.
        args: Its arguments.
        folder: For the results.

    Returns:
        What each of them returned; an exception for one that failed, None for one that
        was killed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    forked = multiprocessing.get_context("fork")
    paths = [folder / f"rank-{rank}.pickle" for rank in range(count)]
    processes = [
        forked.Process(target=_run, args=(rank, count, address, path, function, args))
        for rank, path in enumerate(paths)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(SECONDS)
        if process.is_alive():
            process.kill()
    found = [pickle.loads(x.read_bytes()) if x.exists() else None for x in paths]
    for path in paths:
        path.unlink(missing_ok=True)
    return found


def _run(
    rank: int,
    count: int,
    address: str,
    path: Path,
    function: Callable[..., Any],
    args: tuple[Any, ...],
) -> None:
    torch.set_num_threads(1)
    if count > 1:
        distributed.init_process_group(
            "gloo", init_method=address, rank=rank, world_size=count
        )
    try:
        result = function(*args)
    except Exception as error:
        traceback.print_exc()
        result = error
    path.write_bytes(pickle.dumps(result))
