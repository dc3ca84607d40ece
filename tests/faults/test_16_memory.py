"""Case 16: little memory is warned of, and files are read by column and in pieces."""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
from fault_runs import kedro, said

from mmctr.data.datasets.raw_file import read_padded_ids

RAW = "data/01_raw/test/MicroLens_1M_x1/train.parquet"


def test_too_little_memory_is_warned_of_and_the_peak_is_reported(finished_project):
    project = finished_project
    done = kedro(
        project,
        "run",
        "--env=test",
        "--nodes=train_model",
        "--params=ctr_modeling.training.memory_gb=0.2,ctr_modeling.training.max_epochs=1",
    )
    assert done.returncode == 0, done.stderr
    # A long line of the log has its place in the source between its words.
    text = re.sub(r" \w+\.py:\d+", "", said(done))
    warned = re.search(r"training may need ([\d.]+) GB \(click log [\d.]+ GB, ", text)
    assert warned, text
    for words in (
        "and ctr_modeling.training.memory_gb has 0.20 GB: lower ctr_modeling.",
        "continuing anyway",
        "1 node in ",
    ):
        assert words in text
    run = json.loads((project / "data/08_reporting/test/run.json").read_text())
    peak = run["nodes"]["train_model"]["peak_gb"]
    assert peak > 0.1
    assert float(warned[1]) > peak / 2
    assert float(warned[1]) < peak * 2
    history = json.loads((project / "data/08_reporting/test/training.json").read_text())
    assert abs(history["memory_estimate_gb"] - float(warned[1])) < 0.01


def test_a_column_that_no_one_reads_costs_no_memory(project, finished):
    """200 MB of text beside the columns that are read; histories come in pieces."""
    path = finished / RAW
    table = pq.read_table(path)
    text = "x" * 5_000
    wide = project / "wide.parquet"
    with pq.ParquetWriter(
        wide,
        table.schema.append(pa.field("more", pa.string())),
        compression="none",
        use_dictionary=False,
    ) as writer:
        for start in range(0, 40_000, 1_000):
            rows = table.take([i % table.num_rows for i in range(start, start + 1_000)])
            writer.write_table(rows.append_column("more", pa.array([text] * 1_000)))
    assert wide.stat().st_size > 200e6
    held = pa.total_allocated_bytes()
    histories = read_padded_ids(wide, "item_seq")
    assert len(histories) == 40_000
    assert histories.nbytes > 8 * 40_001
    assert pa.total_allocated_bytes() - held < 1e6
