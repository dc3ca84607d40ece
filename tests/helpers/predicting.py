"""Scores a log by a bundle in a process of its own, and says what memory it took.

``python predicting.py BUNDLE LOG FOLDER ROWS_AT_ONCE``
"""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def write_large_log(folder: Path, items: list[int], rows: int) -> None:
    """Write a log whose columns take some 300 bytes a row in memory.

    Args:
        folder: Receives ``interactions``, parquet files.
        items: Ids that its rows are of.
        rows: How many.
    """
    (folder / "interactions").mkdir(parents=True)
    rng, size = np.random.default_rng(11), 250_000
    for start in range(0, rows, size):
        count = min(size, rows - start)
        table = pa.table(
            {
                "user_id": rng.integers(0, rows // 20, count),
                "item_id": rng.choice(items, count),
                "timestamp": 1_700_000_000 + rng.integers(0, 10**7, count),
                "label": (rng.random(count) < 0.1).astype(np.int8),
                "note": [f"{x:0>240}" for x in rng.integers(0, 100, count)],
            }
        )
        path = folder / "interactions" / f"{start:09d}.parquet"
        pq.write_table(table, path, row_group_size=50_000)


def score(bundle: Path, log: Path, folder: Path, rows_at_once: int) -> None:
    """Score it, and print the report's metrics and the most memory in use, in bytes."""
    from mmctr.data.reading.params import ReadingParams
    from mmctr.data.reading.scored_log import ScoredLog
    from mmctr.serving.prediction.log_scorer import LogScorer
    from mmctr.serving.prediction.params import PredictParams
    from mmctr.serving.prediction.report import report_of

    params = PredictParams(
        rows_at_once=rows_at_once, folder=str(folder), measured_rows=20_000
    )
    opened = ScoredLog.open(str(log), ReadingParams())
    scorer = LogScorer.of(bundle, opened, params)
    report = report_of(scorer.score(), scorer.state.bundle)
    # What getrusage gives includes the process that this one was forked from.
    status = Path("/proc/self/status").read_text("utf-8")
    peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    found = {"peak": peak, "rows": report["rows"], "auc": report["metrics"]["auc"]}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    score(*map(Path, sys.argv[1:4]), int(sys.argv[4]))
