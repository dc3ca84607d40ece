"""Command line of the benchmarks."""

import argparse
import sys

from benchmarks import din, growth, loader, vqvae
from benchmarks.machine import describe_machine
from benchmarks.report import RESULTS, empty_results, save, table


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="medians are over them")
    rounds = parser.parse_args().rounds
    if rounds < 1:
        parser.error("--rounds must be at least 1")
    results = empty_results()
    results["machine"] = describe_machine()
    results["loader"] = loader.run(rounds)
    results["vqvae"] = vqvae.run(rounds)
    results["growth"] = growth.run(rounds)
    results["din"] = din.run(rounds)
    save(results)
    sys.stdout.write(f"{table(results)}\n\nwritten to {RESULTS}\n")


if __name__ == "__main__":
    main()
