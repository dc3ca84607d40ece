"""How time and memory of preparation, row statistics and scoring grow.

Logs of impressions with more rows, and with more items; every stage of every size is a
process of its own, which reads what the one before has written.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.child import Measurement, measure, medians, peak_gb
from benchmarks.growth import exponents

SEED = 20242025
STAGES = ("preparation", "row_statistics", "scoring")
AXES = {
    "rows": (100_000, 200_000, 400_000),
    "items": (10_000, 100_000, 500_000),
}
"""What grows, and its sizes; the other one is the first of its own."""

SCREEN, ROWS_OF_A_USER = 5, 20
DAYS, CLICK_RATE = 60, 0.1
CODES, POSITIONS, WIDTH = 256, 16, 32
KINDS = ("history", "popularity", "rates", "priors", "similarity", "codes")
_TABLES = ("items", "train", "valid", "test", "events")


def time_preparation(*, folder: str, rows: int, items: int) -> Measurement:
    """Prepare such a log, drawn before, and write the tables.

    Args:
        folder: For the tables.
        rows: Impressions.
        items: Of the catalog; a few are popular.

    Returns:
        ``seconds`` of processors, and ``gb``, the peak over what was there before.
    """
    from mmctr.data.datasets import ArrowDataset
    from mmctr.data.preparation.interactions import prepare_interactions
    from mmctr.data.preparation.params import PreparationParams
    from mmctr.data.reading.source import LogSource

    log, titles = _log(rows, items)
    source = LogSource(log, titles, np.zeros((items, 0), np.float32))
    del log
    taken = _Taken()
    tables = prepare_interactions(source, PreparationParams(seed=SEED))
    for name in _TABLES:
        ArrowDataset(filepath=_path(folder, name)).save(getattr(tables, name))
    found = taken.until_now()
    (Path(folder) / "report.json").write_text(json.dumps(tables.report))
    return found


def time_row_statistics(*, folder: str, rows: int, items: int) -> Measurement:
    """Describe the rows of all parts by numbers; reading them is not counted."""
    from mmctr.data.row_statistics.params import RowStatisticsParams
    from mmctr.pipelines.row_statistics.nodes import compute_row_statistics

    tables = {name: _read(folder, name) for name in _TABLES}
    report = json.loads((Path(folder) / "report.json").read_text())
    vectors = np.random.default_rng(SEED).normal(size=(items + 1, WIDTH))
    vectors[0] = 0
    taken = _Taken()
    compute_row_statistics(
        **tables,
        item_table=_item_table(items),
        vectors={"title": vectors.astype(np.float32)},
        preparation_report=report,
        params=RowStatisticsParams(kinds=list(KINDS)),
    )
    return taken.until_now()


def time_scoring(*, folder: str, rows: int, items: int) -> Measurement:
    """Score the rows of train by a model with codes of titles."""
    from benchmarks.world import small_params
    from mmctr.ctr.inputs.item_table import ItemTable
    from mmctr.ctr.models import model_class
    from mmctr.ctr.prediction import log_to_score, predict_clicks

    table, train = ItemTable.from_arrow(_item_table(items)), _read(folder, "train")
    params = small_params(SEED)
    seen = np.ones(items + 1, np.int64)
    weights = model_class(params.model.name)(table, seen, params).state_dict()
    taken = _Taken()
    log = log_to_score(train, params, items)
    predict_clicks(table, weights, log, params)
    return taken.until_now()


def run(
    rounds: int,
    measure: Callable[..., Measurement] = measure,
    *,
    axes: Mapping[str, Sequence[int]] = AXES,
) -> Mapping[str, object]:
    """Measure all stages at every size once a round, and fit the medians.

    Args:
        rounds: Medians are over them.
        measure: Runs a measurement by name.
        axes: Sizes of rows and items.

    Returns:
        By stage the exponents of ``time`` and ``memory`` against rows and against
        items, each with its range; 1 is linear.
    """
    smallest = {axis: sizes[0] for axis, sizes in axes.items()}
    found: dict[str, dict[str, object]] = {stage: {} for stage in STAGES}
    measured: dict[tuple[int, int], dict[str, Measurement]] = {}
    for axis, sizes in axes.items():
        planned = [{**smallest, axis: size} for size in sizes]
        for size in planned:
            place = (size["rows"], size["items"])
            if place not in measured:
                sys.stderr.write(f"stages: {place[0]:,} rows, {place[1]:,} items\n")
                measured[place] = _measured(measure, rounds, size)
        for stage in STAGES:
            own = [measured[size["rows"], size["items"]][stage] for size in planned]
            found[stage] |= exponents(axis, sizes, own)
    return found


def _measured(
    measure: Callable[..., Measurement], rounds: int, size: Mapping[str, int]
) -> dict[str, Measurement]:
    """Medians of all rounds by stage."""
    taken: dict[str, list[Measurement]] = {stage: [] for stage in STAGES}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            for stage in STAGES:
                found = measure(f"stages_{stage}", {"folder": folder, **size})
                taken[stage].append(found)
    return {stage: medians(each) for stage, each in taken.items()}


class _Taken:
    """Time and memory from its making on."""

    def __init__(self) -> None:
        self._gb, self._start = peak_gb(), time.process_time()

    def until_now(self) -> Measurement:
        seconds = time.process_time() - self._start
        return {"seconds": seconds, "gb": max(peak_gb() - self._gb, 1e-3)}


def _log(rows: int, items: int) -> tuple[pa.Table, pa.Table]:
    """Screens of five rows over two months, and items with titles."""
    rng = np.random.default_rng(SEED)
    screens = rows // SCREEN
    count = screens * SCREEN
    users = rng.integers(0, rows // ROWS_OF_A_USER, screens)
    shown = (items * rng.random(count) ** 3).astype(np.int64)
    log = {
        "user_id": np.repeat(users, SCREEN),
        "item_id": shown,
        "timestamp": np.repeat(rng.integers(0, DAYS * 86_400, screens), SCREEN),
        "label": (rng.random(count) < CLICK_RATE).astype(np.int8),
        "impression_id": np.repeat(np.arange(screens), SCREEN),
    }
    titles = [f"item {number}" for number in range(items)]
    return pa.table(log), pa.table({"item_id": np.arange(items), "title": titles})


def _item_table(items: int) -> pa.Table:
    from mmctr.data.columns import lists_of_rows

    shape = (items + 1, POSITIONS)
    codes = np.random.default_rng(SEED).integers(1, CODES + 1, shape, np.int32)
    codes[0] = 0
    ids = np.arange(items + 1, dtype=np.int32)
    return pa.table({"item_id": ids, "title_codes": lists_of_rows(codes)})


def _read(folder: str, name: str) -> pa.Table:
    from mmctr.data.datasets import ArrowDataset

    return ArrowDataset(filepath=_path(folder, name)).load()


def _path(folder: str, name: str) -> str:
    return str(Path(folder) / f"{name}.parquet")
