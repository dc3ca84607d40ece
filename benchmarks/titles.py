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

BY_COUNT = "fp32, 64 titles a batch"
"""What the others are compared with: the library's batches of a number of titles."""
BY_TOKENS = {"fp32, by tokens": "fp32", "bf16, by tokens": "bf16"}

Encode = Callable[[Sequence[str]], np.ndarray]


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
    ways = _ways()
    vectors: dict[str, np.ndarray] = {}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for encode in ways.values():
        encode(titles[:1])  # the first call is slower
    for _ in range(rounds):
        for name, encode in ways.items():
            start = now()
            vectors[name] = encode(titles)
            seconds[name].append(now() - start)
    rates = {name: len(titles) / median(each) for name, each in seconds.items()}
    return {
        name: {
            "titles_per_s": rate,
            "ratio": rate / rates[BY_COUNT],
            "worst_cosine": float((vectors[name] * vectors[BY_COUNT]).sum(1).min()),
        }
        for name, rate in rates.items()
    }


def _ways() -> dict[str, Encode]:
    context = EmbedderContext(device="cpu")
    embedders = {
        name: SentenceTransformerEmbedder(
            SentenceTransformerParams(precision=precision), context
        )
        for name, precision in BY_TOKENS.items()
    }
    model = embedders["fp32, by tokens"].model

    def by_count(titles: Sequence[str]) -> np.ndarray:
        return model.encode(list(titles), batch_size=64, show_progress_bar=False)

    return {BY_COUNT: by_count, **{n: each.encode for n, each in embedders.items()}}


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
