"""Command line of the benchmarks."""

import argparse
import sys
import time

from benchmarks import (
    busy,
    din,
    growth,
    loader,
    long_log,
    models,
    preparation,
    serving,
    stages,
    two_nodes,
    vqvae,
)
from benchmarks.machine import describe_machine
from benchmarks.report import RESULTS, empty_results, save, table

PARTS = {
    "loader": loader,
    "long_log": long_log,
    "preparation": preparation,
    "vqvae": vqvae,
    "growth": growth,
    "stages": stages,
    "din": din,
    "models": models,
    "busy": busy,
    "serving": serving,
    "two_nodes": two_nodes,
}


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="medians are over them")
    rounds = parser.parse_args().rounds
    if rounds < 1:
        parser.error("--rounds must be at least 1")
    results = empty_results()
    results["machine"] = describe_machine()
    for name, part in PARTS.items():
        start = time.monotonic()
        results[name] = part.run(rounds)
        sys.stderr.write(f"{name}: {time.monotonic() - start:.0f} s\n")
    save(results)
    sys.stdout.write(f"{table(results)}\n\nwritten to {RESULTS}\n")


if __name__ == "__main__":
    main()
