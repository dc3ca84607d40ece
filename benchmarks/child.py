"""Measurements in a process of their own: ``python -m benchmarks.child WHAT JSON``.

A fresh process has its own allocator settings and its own peak of memory.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from statistics import median

ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": "17179869184",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
}
"""glibc's malloc then keeps big blocks, instead of giving them back after each use."""

Measurement = dict[str, float]

_MEASUREMENTS = {
    "din_check": ("din", "check"),
    "din_product": ("din", "time_product"),
    "din_peer": ("din", "time_peer"),
    "vqvae_check": ("vqvae", "check"),
    "vqvae_product": ("vqvae", "time_product"),
    "vqvae_plain": ("vqvae", "time_plain"),
    "loader_write": ("loader", "write"),
    "loader_load": ("loader", "load"),
    "long_log_write": ("long_log", "write"),
    "long_log_train": ("long_log", "train"),
    "models_step": ("models", "time_model"),
    "presets_steps": ("presets", "time_preset"),
    "growth_round": ("growth", "time_sizes"),
    "preparation_run": ("preparation", "time_events"),
    "stages_preparation": ("stages", "time_preparation"),
    "stages_row_statistics": ("stages", "time_row_statistics"),
    "stages_scoring": ("stages", "time_scoring"),
    "busy_run": ("busy", "time_run"),
    "serving_requests": ("serving", "time_requests"),
    "two_nodes_trainings": ("two_nodes", "time_trainings"),
    "two_nodes_predict": ("two_nodes", "time_predict"),
    "embedding_bare_client": ("embedding", "time_bare_client"),
    "embedding_product": ("embedding", "time_product"),
    "embedding_cache": ("embedding", "time_cache"),
}


def measure(
    what: str, arguments: Mapping[str, object], *, tuned: bool = False
) -> Measurement:
    """Run a measurement in a child process.

    Args:
        what: Name of a measurement.
        arguments: Its keyword arguments, fit for JSON.
        tuned: Start the child with glibc's allocator tuned (:data:`ALLOCATOR`).

    Returns:
        What it measured, and ``peak_gb``, the process's peak of memory in 10^9 bytes.

    Raises:
        RuntimeError: If the child fails; its last words are in the message.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.child", what, json.dumps(dict(arguments))],
        env={**kept, **(ALLOCATOR if tuned else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = done.stderr.strip()[-2000:] or "no words; out of memory?"
        raise RuntimeError(f"benchmark '{what}' ended with {done.returncode}: {words}")
    return json.loads(done.stdout.splitlines()[-1])


def medians(results: Sequence[Measurement]) -> Measurement:
    """The median over rounds of every number."""
    return {name: median(x[name] for x in results) for name in results[0]}


def peak_gb() -> float:
    """Peak resident memory of this process so far, in 10^9 bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def _measurement(what: str) -> Callable[..., Measurement]:
    """Import one alone: its peak of memory is not another's libraries."""
    module, function = _MEASUREMENTS[what]
    return getattr(import_module(f"benchmarks.{module}"), function)


def main() -> None:
    """Measure what the command line names and print it as one line of JSON."""
    what, arguments = sys.argv[1:]
    result = _measurement(what)(**json.loads(arguments))
    sys.stdout.write(json.dumps({"peak_gb": peak_gb(), **result}) + "\n")


if __name__ == "__main__":
    main()
