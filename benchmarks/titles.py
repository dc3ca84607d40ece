"""Titles per second by precision and batching, in turns in one process.

``python -m benchmarks.titles ITEMS`` reads the titles of an items file (parquet), and
takes the time of processors, not of the clock: other programs on the machine count
little.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow.parquet as pq

from benchmarks.report import table
from mmctr.content.embedders.params import SentenceTransformerParams
from mmctr.content.embedders.protocol import EmbedderContext
from mmctr.content.embedders.sentence_transformer import SentenceTransformerEmbedder

WAYS: dict[str, dict[str, object]] = {
    "fp32, 64 titles a batch": {"precision": "fp32"},
    "fp32, 8 titles a batch": {"precision": "fp32", "batch_size": 8},
    "bf16, 2048 tokens a batch": {"precision": "bf16"},
    "bf16, 512 tokens a batch": {"precision": "bf16", "batch_tokens": 512},
}
"""Settings by name; the others are compared with the first."""


def read_titles(file: Path, count: int) -> list[str]:
    """Different titles from all over an items file, ``count`` at most."""
    column = pq.read_table(file, columns=["title"])["title"].to_pylist()
    different = list(dict.fromkeys(filter(None, column)))
    return different[:: max(1, len(different) // count)][:count]


def run(
    rounds: int, titles: Sequence[str], now: Callable[[], float] = time.process_time
) -> dict[str, dict[str, float]]:
    """Encode all titles in every way in turn, each round.

    Args:
        rounds: Rounds; medians are over them.
        titles: Different titles.
        now: The clock.

    Returns:
        By way: titles per second, times the first way's, and the worst cosine to it.
    """
    context = EmbedderContext(device="cpu")
    ways = {
        name: SentenceTransformerEmbedder(SentenceTransformerParams(**each), context)
        for name, each in WAYS.items()
    }
    vectors: dict[str, np.ndarray] = {}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for embedder in ways.values():
        embedder.encode(titles[:1])  # the first call is slower
    for _ in range(rounds):
        for name, embedder in ways.items():
            start = now()
            vectors[name] = embedder.encode(titles)
            seconds[name].append(now() - start)
    rates = {name: len(titles) / median(each) for name, each in seconds.items()}
    first = next(iter(ways))
    return {
        name: {
            "titles_per_s": rate,
            "ratio": rate / rates[first],
            "worst_cosine": float((vectors[name] * vectors[first]).sum(1).min()),
        }
        for name, rate in rates.items()
    }


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.titles", description=__doc__
    )
    parser.add_argument("items", type=Path, help="items file, parquet, column title")
    parser.add_argument("--titles", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3, help="medians are over them")
    given = parser.parse_args()
    found = run(given.rounds, read_titles(given.items, given.titles))
    sys.stdout.write(f"{table(found)}\n")


if __name__ == "__main__":
    main()
