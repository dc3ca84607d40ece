"""How long a bundle takes to answer, beside what the pipelines take for such rows.

``python -m benchmarks.serving BUNDLE``, with one thread on one core.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch

from benchmarks.child import Measurement
from benchmarks.child import measure as in_child
from benchmarks.machine import describe_machine
from benchmarks.report import table
from benchmarks.served_bundle import make_bundle
from mmctr import Scorer
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.prediction import log_to_score, predict_clicks
from mmctr.ctr.training.calibrated_weights import split_calibration
from mmctr.serving.bundle import Bundle
from mmctr.serving.requests import of_frame
from mmctr.serving.state import ScoringState

CANDIDATES = 1_000
FRAME_ROWS = 20_000
SEED = 20242025


class Took(NamedTuple):
    """Seconds of the clock, and of the processor: those of others are left out."""

    wall: float
    cpu: float


def measure(path: Path, rounds: int, frame_rows: int = FRAME_ROWS) -> Measurement:
    """Measure all in turn, round after round.

    Args:
        path: A bundle; its own requests, rows of test, say what histories are like.
        rounds: Rounds over these requests.
        frame_rows: Rows of many users that are scored at once.

    Returns:
        Milliseconds of a user's request for 1,000 candidates and for the whole
        catalog; how many times as long as many rows of other users take; rows per
        second of ``score_frame``, and how often that is the rate of the pipelines:
        statistics, click log and model.
    """
    scorer = Scorer.load(path)
    sample, ids = scorer.sample, scorer.items
    histories = [list(history) for history in sample["history"]]
    rng = np.random.default_rng(SEED)
    count = min(CANDIDATES, len(ids))
    candidates = [ids[x] for x in rng.permutation(len(ids))[:count]]
    frame = _many_rows(pa.Table.from_pandas(sample, preserve_index=False), frame_rows)
    mixed = frame.slice(0, count)
    pipelines = _pipelines(path)

    some: list[Took] = []
    whole: list[Took] = []
    of_many: list[Took] = []
    by_frame: list[Took] = []
    by_pipelines: list[Took] = []
    scorer.rank(histories[0], 1)  # what is computed once
    for _ in range(rounds):
        for history in histories:
            some.append(_took(lambda past=history: scorer.score(past, candidates)))
            whole.append(_took(lambda past=history: scorer.rank(past, 10)))
        of_many.append(_took(lambda: scorer.score_frame(mixed)))
        by_frame.append(_took(lambda: scorer.score_frame(frame)))
        by_pipelines.append(_took(lambda: pipelines(frame)))
    of_catalog = {f"catalog_{x}": own for x, own in _quantiles(whole).items()}
    return {
        "items": len(ids),
        "candidates": count,
        "history_median": float(np.median([len(x) for x in histories])),
        "history_longest": max(len(x) for x in histories),
        **_quantiles(some),
        **of_catalog,
        "many_users_ratio": _cpu(of_many) / _cpu(some),
        "frame_rows_per_cpu_s": frame_rows / _cpu(by_frame),
        "frame_ratio_pipelines": _cpu(by_pipelines) / _cpu(by_frame),
    }


def time_requests(*, bundle: str, rounds: int) -> Measurement:
    """Measure with one thread on one core."""
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    torch.set_num_threads(1)
    return measure(Path(bundle), rounds)


def run(rounds: int, make: Callable[[Path], Path] = make_bundle) -> Measurement:
    """Measure a bundle of Amazon Toys' sizes, made here.

    Args:
        rounds: Over the bundle's own requests.
        make: Makes the bundle in an empty folder.
    """
    with tempfile.TemporaryDirectory() as folder:
        sys.stderr.write("serving: a bundle of a synthetic log is made\n")
        bundle = make(Path(folder))
        return in_child("serving_requests", {"bundle": str(bundle), "rounds": rounds})


def _many_rows(sample: pa.Table, rows: int) -> pa.Table:
    """The requests over and over."""
    return sample.take(pa.array(np.arange(rows) % sample.num_rows))


def _pipelines(path: Path) -> Callable[[pa.Table], np.ndarray]:
    """What row_statistics and ctr_modeling do with such rows, their reading left out.

    The model is built anew, as every run does; what counts events is there already.
    """
    bundle = Bundle.load(path)
    state = ScoringState.of(bundle)
    params = bundle.facts.ctr
    weights, calibration = split_calibration(
        dict(bundle.weights), params.calibration.method
    )
    items = ItemTable.from_arrow(bundle.item_table, bundle.vectors)

    def score(frame: pa.Table) -> np.ndarray:
        rows = state.rows(of_frame(state, frame)[0])
        log = log_to_score(rows, params, items.n_items)
        return calibration.apply(predict_clicks(items, weights, log, params))

    return score


def _took(call: Callable[[], object]) -> Took:
    start, cpu = time.perf_counter(), time.process_time()
    call()
    return Took(time.perf_counter() - start, time.process_time() - cpu)


def _cpu(took: list[Took]) -> float:
    return float(np.median([each.cpu for each in took]))


def _quantiles(took: list[Took]) -> dict[str, float]:
    walls = [each.wall for each in took]
    found = {f"p{x}_ms": 1e3 * float(np.percentile(walls, x)) for x in (50, 99)}
    return found | {"cpu_p50_ms": 1e3 * _cpu(took)}


def main() -> None:
    """Measure a bundle and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving", description=__doc__
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    found = time_requests(bundle=str(given.bundle), rounds=given.rounds)
    results = {"machine": describe_machine(), **found}
    sys.stdout.write(table(results) + "\n")


if __name__ == "__main__":
    main()
