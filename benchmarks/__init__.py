"""Side-by-side speed runs: ``python -m benchmarks`` prints a table, writes JSON."""
