"""One function called in several processes of a cluster that form a process group."""

import logging
import pickle
import socket
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmctr.runtime.atomic import atomic_path
from mmctr.runtime.processes import portable_error
from mmctr.runtime.scale.answers import (
    Records,
    explained,
    full_store,
    is_full,
    reason,
    unpack,
)
from mmctr.runtime.scale.cluster import Cluster
from mmctr.runtime.scale.run_folders import run_folder

MOST_RESTARTS = 3
"""Of all processes, when one is lost."""

_SECONDS_BETWEEN_LOOKS = 0.5


def run_in_group(
    name: str, function: Callable[[], Any], cluster: Cluster, storage: Path
) -> Any:
    """Call a function on all workers at once, in a process group of torch.

    If a worker is lost all are started again: the function resumes what it can. Log
    records of the first worker are logged here when it ends.

    Args:
        name: Of the call, for messages.
        function: Picklable; it is sent to the nodes once, with all it holds.
        cluster: Connected.
        storage: A folder that all nodes have under this name.

    Returns:
        What it returned in the first worker.

    Raises:
        ValueError: If it raised one; workers are not started again then.
        ChildProcessError: If workers were lost too often, or the cluster is.
    """
    import ray
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    resources: dict[str, float] = {"CPU": cluster.cpus}
    if cluster.gpus:
        resources["GPU"] = cluster.gpus
    kind = f"group-{socket.gethostname()}"
    with explained(), run_folder(storage.resolve(), kind) as own:
        trainer = TorchTrainer(
            _in_group,
            train_loop_config={
                # In a list, so that Ray itself doesn't look into it.
                "function": [ray.put(function)],
                "name": name,
                "threads": cluster.cpus,
                "paths": sys.path,
                "result": str(own / "result.pickle"),
            },
            scaling_config=ScalingConfig(
                num_workers=cluster.workers,
                use_gpu=cluster.gpus > 0,
                resources_per_worker=resources,
                placement_strategy="SPREAD",
            ),
            run_config=RunConfig(
                name="ray",
                storage_path=str(own),
                failure_config=FailureConfig(max_failures=MOST_RESTARTS),
            ),
        )
        _fit(name, trainer)
        return unpack(pickle.loads((own / "result.pickle").read_bytes()))  # nosec


def _fit(name: str, trainer: Any) -> None:
    """Wait for the workers, in a way that leaves Ctrl-C and SIGTERM to this process."""
    from ray.train import TrainingFailedError

    failed: list[Exception] = []

    def fit() -> None:
        try:
            trainer.fit()
        except Exception as error:
            failed.append(error)

    # In the main thread Ray would take Ctrl-C, and end the process with 0.
    thread = threading.Thread(target=fit, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_SECONDS_BETWEEN_LOOKS)
    if not failed:
        return
    if not isinstance(failed[0], TrainingFailedError):
        raise failed[0]
    if is_full(failed[0]):
        raise full_store(failed[0]) from failed[0]
    raise ChildProcessError(
        f"{name}: workers were lost more than {MOST_RESTARTS} times, last: "
        f"{reason(failed[0])}; run again: it resumes at the last checkpoint"
    ) from failed[0]


def _in_group(config: dict[str, Any]) -> None:
    """Call the function, in a worker."""
    import ray
    from threadpoolctl import threadpool_limits

    from mmctr.runtime.ranks import Ranks

    sys.path += [x for x in config["paths"] if x not in sys.path]
    threadpool_limits(config["threads"])
    # Arrays in the object store can't be written, and are not.
    warnings.filterwarnings("ignore", ".*NumPy array is not writable.*")
    records = Records(config["name"])
    logging.basicConfig(
        handlers=[records], level=logging.INFO, format="%(message)s", force=True
    )
    result, error = None, None
    try:
        result = ray.get(config["function"][0])()
    except ValueError as wrong:
        error = portable_error(wrong)
    if Ranks.current().is_first:
        with atomic_path(Path(config["result"])) as path:
            path.write_bytes(pickle.dumps((records.kept, result, error)))
