"""The estimate of a batch's memory is about what a step and a scoring take."""

import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from worlds import ITEM_FIELDS, ctr_params, rows_table

from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.inputs.field_columns import FieldColumns
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.models import MODELS, model_class
from mmctr.ctr.training.memory_estimate import estimate_memory
from mmctr.data.fields.field import FIRST

HELPERS = Path(__file__).parents[2] / "helpers"
ROWS, ITEMS = 4000, 20_000
CASES = [(name, learning) for name in MODELS for learning in (True, False)]
"""Models, and whether a step is measured, or a scoring."""


def table() -> ItemTable:
    """Items with codes of two modalities."""
    rng = np.random.default_rng(0)
    codes = rng.integers(1, 8, (2, ITEMS + 1, 6))
    levels = rng.integers(FIRST, FIRST + 11, (ITEMS + 1, 2))
    tags = rng.integers(FIRST, FIRST + 8, (ITEMS + 1, 5))
    own = np.concatenate([tags, levels], axis=1)
    for column in (*codes, own):
        column[0] = 0
    fields = FieldColumns(ITEM_FIELDS, own, np.zeros((ITEMS + 1, 0), np.float32))
    return ItemTable(ITEMS, {"title": codes[0], "image": codes[1]}, fields=fields)


def log() -> ClickLog:
    """Histories of 0 to 20 items."""
    rows: pa.Table = rows_table(
        np.random.default_rng(0), ROWS, n_items=ITEMS, longest=20
    )
    return ClickLog.from_arrow(rows, 100, ITEMS)


def peak_memory() -> int:
    """Bytes; getrusage would count the process that started this one."""
    status = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def peaks(name: str, learning: bool) -> tuple[float, float]:
    """Bytes that a step, or a scoring, took at its largest, and the estimate."""
    sizes = {"embedding_dim": 32, "attention_units": [128, 64], "dnn_units": [256, 128]}
    # The larger of both is what is estimated.
    predicted = 1 if learning else 4 * ROWS
    params = ctr_params(
        features={"item_id": False},
        model={"name": name, "dnn_dropout": 0.1, **sizes},
        training={"batch_size": ROWS, "predict_batch_size": predicted},
    )
    items, rows = table(), log()
    estimated = estimate_memory(items, rows, rows, params).parts["batch"]
    batch = rows[np.arange(ROWS)]
    model = model_class(name)(items, np.ones(ITEMS + 1, bool), params)
    few = rows[np.arange(8)]
    model.train()(few).sum().backward()
    own = Path("/proc/self/statm").read_text().split()[1]
    before = int(own) * os.sysconf("SC_PAGE_SIZE")
    if learning:
        model(batch).square().mean().backward()
    else:
        estimated /= 4
        with torch.inference_mode():
            model.eval()(batch)
    return float(peak_memory() - before), estimated


@pytest.fixture(scope="module")
def measured() -> dict[tuple[str, bool], list[float]]:
    """What each took, and its estimate, by name and whether it learns."""
    done = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HELPERS), *sys.path])},
        capture_output=True,
        text=True,
        check=True,
        timeout=1800,  # a pool waits for ever for a child that was killed
    )
    found = json.loads(done.stdout)
    return dict(zip(CASES, found, strict=True))


@pytest.mark.system
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("case", CASES, ids=lambda x: f"{x[0]}-{x[1]}")
def test_the_estimate_is_within_a_third(case, measured):
    found, estimated = measured[case]
    assert 0.7 < estimated / found < 1.35


if __name__ == "__main__":
    # A process for each, forked from one that has imported everything.
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        sys.stdout.write(json.dumps(pool.starmap(peaks, CASES, chunksize=1)))
