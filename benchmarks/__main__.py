"""Command line of the benchmarks."""

import argparse
import sys

from benchmarks.machine import describe_machine
from benchmarks.report import RESULTS, empty_results, save, table


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.parse_args()
    results = empty_results()
    results["machine"] = describe_machine()
    save(results)
    sys.stdout.write(f"{table(results)}\n\nwritten to {RESULTS}\n")


if __name__ == "__main__":
    main()
