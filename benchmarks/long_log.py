"""A log larger than memory: its training beside the same one in memory.

``python -m benchmarks.long_log --rows 200000000 --items 5000000 --steps 300`` writes
such a log and its items, and trains a small model for some steps, once.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytorch_lightning as pl

from benchmarks.child import Measurement, measure, medians
from mmctr.data.fields.field import FIRST
from mmctr.data.raw_schemas import MAX_LEVEL

SEED = 20242025
ROWS, ITEMS, STEPS = 5_000_000, 100_000, 150
WARM_UP = 20
POSITIONS, CODES = 16, 256
LONGEST = 8
PIECE = 2_000_000
VALID = 4096
IN_MEMORY = 1e9


def write(*, folder: str, rows: int, items: int) -> Measurement:
    """Write rows and items as the project writes its tables.

    Popular items are far more often in rows than others. A row takes about 53 bytes:
    four items of history, two levels, user, group, target, label. Beyond two million
    rows they are repeated, for other users.
    """
    from mmctr.data.datasets import ArrowDataset
    from mmctr.data.datasets.arrow import TablePieces

    drawn = _rows(np.random.default_rng(SEED), min(rows, PIECE), items)

    def rows_of(some: slice) -> pa.Table:
        users = pa.array(np.arange(some.start, some.stop) // 4)
        found = drawn.slice(0, len(users))
        for place, name in enumerate(("user_id", "group_id")):
            found = found.set_column(place, name, users)
        return found

    path = Path(folder)
    ArrowDataset(filepath=str(path / "rows.parquet")).save(
        TablePieces(rows, PIECE, rows_of)
    )
    ArrowDataset(filepath=str(path / "valid.parquet")).save(
        _rows(np.random.default_rng(SEED), VALID, items)
    )
    ArrowDataset(filepath=str(path / "items.parquet")).save(_items(items))
    return {"gb": (path / "rows.parquet").stat().st_size / 1e9}


def _rows(rng: np.random.Generator, count: int, items: int) -> pa.Table:
    lengths = rng.integers(1, LONGEST, count, dtype=np.int32)
    offsets = np.append(np.int32(0), np.cumsum(lengths, dtype=np.int32))

    def drawn(size: int) -> np.ndarray:
        return (items * rng.random(size, np.float32) ** 3).astype(np.int32) + 1

    target = drawn(count)
    clicked = rng.random(count, np.float32) < 0.2 + 0.3 * (target % 3 == 0)
    table = pa.table(
        {
            "user_id": np.arange(count) // 4,
            "group_id": np.arange(count) // 4,
            "item_id": target.astype(np.int64),
            "item_seq": pa.ListArray.from_arrays(offsets, drawn(int(offsets[-1]))),
            "label": clicked.astype(np.int8),
        }
    )
    return _with_levels(rng, table, "row", ("row_likes", "row_views"))


def _items(items: int) -> pa.Table:
    from mmctr.data.columns import lists_of_rows

    rng = np.random.default_rng([SEED, 1, 1])
    codes = rng.integers(1, CODES + 1, (2, items + 1, POSITIONS), dtype=np.int32)
    codes[:, 0] = 0
    table = pa.table(
        {
            "item_id": np.arange(items + 1, dtype=np.int32),
            "title_codes": lists_of_rows(codes[0]),
            "image_codes": lists_of_rows(codes[1]),
        }
    )
    return _with_levels(rng, table, "item", ("likes", "views"))


def _with_levels(
    rng: np.random.Generator, table: pa.Table, side: str, names: tuple[str, ...]
) -> pa.Table:
    facts = {"side": side, "size": str(FIRST + MAX_LEVEL + 1), "width": "1"}
    facts |= {"kind": "level", "known_only": "True"}
    for name in names:
        codes = rng.integers(FIRST, FIRST + MAX_LEVEL + 1, len(table), dtype=np.int32)
        if side == "item":
            codes[:1] = 0
        field = pa.field(f"field_{name}", pa.int32(), metadata=facts)
        table = table.append_column(field, pa.array(codes))
    return table


def train(
    *, folder: str, steps: int, mapped_over_gb: float, item_id_min_rows: int = 0
) -> Measurement:
    """Read rows and items as the ctr_modeling pipeline does, and take some steps.

    Args:
        folder: Of :func:`write`.
        steps: Of 1,024 rows each; 20 more come before.
        mapped_over_gb: Gigabytes from which a table is mapped.
        item_id_min_rows: Over 0: with ids of items seen as often.

    Returns:
        ``seconds`` to read all; ``steps_per_s``, on the wall and of the processor
        (``steps_per_cpu_s``); the largest ``anonymous_gb`` and
        ``file_gb`` in memory at a time, the latter of mapped files, which the system
        may take back; ``weights``.
    """
    from benchmarks.world import small_params
    from mmctr.ctr.inputs.click_log import ClickLog
    from mmctr.ctr.inputs.item_table import ItemTable
    from mmctr.ctr.training.fit import train_ctr_model
    from mmctr.data.datasets import ArrowDataset

    params = small_params(SEED, item_id_min_rows)
    with _Resident() as resident:
        start = time.perf_counter()

        def read(name: str) -> pa.Table:
            path = str(Path(folder) / f"{name}.parquet")
            return ArrowDataset(filepath=path, mapped_over_gb=mapped_over_gb).load()

        items = ItemTable.from_arrow(read("items"))
        logs = [
            ClickLog.from_arrow(read(name), 64, items.n_items, fields="all")
            for name in ("rows", "valid")
        ]
        seconds = time.perf_counter() - start
        clock = _Steps(steps)
        groups = np.arange(VALID) // 4
        trained = train_ctr_model(items, *logs, groups, params, callbacks=[clock])
    weights = sum(x.numel() for x in trained.weights.values())
    return {
        "seconds": seconds,
        "steps_per_s": steps / clock.seconds,
        "steps_per_cpu_s": steps / clock.cpu_seconds,
        "weights": weights,
        **resident.largest,
    }


class _Steps(pl.Callback):
    """Times some steps, then ends the training."""

    def __init__(self, steps: int) -> None:
        self._last = WARM_UP + steps
        self._start = (0.0, 0.0)
        self.seconds = self.cpu_seconds = float("nan")

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        """Look at the clocks."""
        now = (time.perf_counter(), time.process_time())
        if trainer.global_step == WARM_UP:
            self._start = now
        if trainer.global_step == self._last:
            self.seconds = now[0] - self._start[0]
            self.cpu_seconds = now[1] - self._start[1]
            trainer.should_stop = True


class _Resident:
    """Watches what this process has in memory, on Linux."""

    def __init__(self) -> None:
        self.largest = {"anonymous_gb": 0.0, "file_gb": 0.0, "resident_gb": 0.0}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "_Resident":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        names = {
            "RssAnon": "anonymous_gb",
            "RssFile": "file_gb",
            "VmRSS": "resident_gb",
        }
        while not self._end.wait(0.05):
            for line in Path("/proc/self/status").read_text().splitlines():
                name, _, value = line.partition(":")
                if name in names:
                    gb = int(value.split()[0]) * 1024 / 1e9
                    self.largest[names[name]] = max(self.largest[names[name]], gb)


def run(
    rounds: int,
    measure: Callable[..., Measurement] = measure,
    *,
    rows: int = ROWS,
    items: int = ITEMS,
    steps: int = STEPS,
) -> dict[str, object]:
    """Train on the same log mapped and in memory, in turns.

    Returns:
        Medians of both, and the steps per second of mapped files relative to those in
        memory: ``rate`` on the wall, ``cpu_rate`` of the processor.
    """
    limits = {"mapped": 0.0, "in_memory": IN_MEMORY}
    with tempfile.TemporaryDirectory() as folder:
        given: Mapping[str, object] = {"folder": folder, "steps": steps}
        measure("long_log_write", {"folder": folder, "rows": rows, "items": items})
        taken: dict[str, list[Measurement]] = {name: [] for name in limits}
        for place in range(rounds):
            sys.stderr.write(f"long log: round {place + 1} of {rounds}\n")
            for name, limit in limits.items():
                found = measure("long_log_train", {**given, "mapped_over_gb": limit})
                taken[name].append(found)
    middle = {name: medians(each) for name, each in taken.items()}
    rates = {
        name: middle["mapped"][speed] / middle["in_memory"][speed]
        for name, speed in (("rate", "steps_per_s"), ("cpu_rate", "steps_per_cpu_s"))
    }
    return {**rates, **middle}


def main() -> None:
    """Write a log of the sizes given and train on it once."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.long_log")
    parser.add_argument("--rows", type=int, default=200_000_000)
    parser.add_argument("--items", type=int, default=5_000_000)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--item-id-min-rows", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="kept, and read if it has a log")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "items.parquet").exists():
            sizes = {"rows": given.rows, "items": given.items}
            measure("long_log_write", {"folder": str(folder), **sizes})
        found = measure(
            "long_log_train",
            {
                "folder": str(folder),
                "steps": given.steps,
                "mapped_over_gb": 0.5,
                "item_id_min_rows": given.item_id_min_rows,
            },
        )
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
