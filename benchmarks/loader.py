"""From a parquet file of impressions to the click log in memory."""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.child import Measurement, measure, medians
from benchmarks.world import MAX_HISTORY, Shape, rows_table

SEED = 20242025
ROWS = 3_600_000


def write(*, path: str, rows: int) -> Measurement:
    """Write synthetic impressions as the project writes its tables."""
    from mmctr.data.datasets import ArrowDataset

    ArrowDataset(filepath=path).save(rows_table(Shape(), rows, SEED))
    return {"rows": rows}


def load(*, path: str) -> Measurement:
    """Read them as the ctr_modeling pipeline does."""
    from mmctr.ctr.inputs.click_log import ClickLog
    from mmctr.data.datasets import ArrowDataset

    start = time.perf_counter()
    table = ArrowDataset(filepath=path).load()
    log = ClickLog.from_arrow(table, MAX_HISTORY, Shape().items)
    return {"rows_per_s": len(log) / (time.perf_counter() - start)}


def run(
    rounds: int,
    measure: Callable[..., Measurement] = measure,
    *,
    rows: int = ROWS,
) -> Measurement:
    """Load ``rows`` rows in a fresh process a round, after one that is not counted.

    Returns:
        Medians: ``rows_per_s`` and ``peak_gb``, the whole process's.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "train.parquet")
        measure("loader_write", {"path": path, "rows": rows})
        sys.stderr.write("loader\n")
        taken = [measure("loader_load", {"path": path}) for _ in range(rounds + 1)][1:]
    return medians(taken)
