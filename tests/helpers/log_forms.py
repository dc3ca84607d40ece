"""One small log in the forms that people's files have, by name."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.dataset as pa_dataset
import pyarrow.parquet as pq

T0 = 1_700_000_000
LOG: dict[str, Any] = {
    "user_id": [1, 2, 3, 1, 2, 3, 1, 2, 3, 4, 5, 6],
    "item_id": [1000, 1001, 1002, 1003] * 3,
    "timestamp": [T0 + 7_200 * row for row in range(12)],
}
ITEMS: dict[str, Any] = {
    "item_id": [1000, 1001, 1002, 1003],
    "title": ["red train", "blue doll", "old game", "new kite"],
    "tags": [["a0", "b0"], ["a1", "b1"], ["a0", "b2"], ["a1", "b0"]],
}
USERS, IDS, TIMES = LOG["user_id"], LOG["item_id"], LOG["timestamp"]
STAMPS = pd.to_datetime(pd.Series(TIMES), unit="s")


@dataclass(frozen=True)
class Form:
    """What differs from the base; a column of None is left out.

    Attributes:
        log: Changed columns of the log.
        items: Changed columns of the items.
        write: Writes the changed tables in place of two parquet files.
    """

    log: dict[str, Any] = field(default_factory=dict)
    items: dict[str, Any] = field(default_factory=dict)
    write: Callable[[Path, pa.Table, pa.Table], object] | None = None

    def written(self, folder: Path) -> Path:
        """Write it below a folder; gives the folder."""
        log, items = _table(LOG | self.log), _table(ITEMS | self.items)
        (self.write or _parquet)(folder, log, items)
        return folder


def ids(change: Callable[[int], object], kind: Any = None) -> dict[str, Any]:
    """Items' ids in another form, in the log and the item table."""
    both = (IDS, ITEMS["item_id"])
    log, items = (pa.array([change(x) for x in each], kind) for each in both)
    return {"log": {"item_id": log}, "items": {"item_id": items}}


def times(values: Any, kind: Any = None) -> dict[str, Any]:
    """Times in another form."""
    return {"log": {"timestamp": pa.array(values, kind)}}


def _table(columns: dict[str, Any]) -> pa.Table:
    return pa.table({name: x for name, x in columns.items() if x is not None})


def _parquet(folder: Path, log: pa.Table, items: pa.Table) -> None:
    pq.write_table(log, folder / "interactions.parquet")
    pq.write_table(items, folder / "items.parquet")


def _text_tags(items: pa.Table) -> pa.Table:
    texts = pa.array(["|".join(x) for x in items["tags"].to_pylist()])
    return items.set_column(items.column_names.index("tags"), "tags", texts)


def csv(ending: str = ".csv", head: bytes = b"") -> Callable[..., None]:
    """A writer of text files; a BOM or nothing before the first byte."""

    def write(folder: Path, log: pa.Table, items: pa.Table) -> None:
        tab = "\t" if ".tsv" in ending else ","
        for name, table in (("interactions", log), ("items", _text_tags(items))):
            with pa.output_stream(f"{folder}/{name}{ending}") as file:
                file.write(head)
                options = pa_csv.WriteOptions(delimiter=tab)
                pa_csv.write_csv(table, file, options)

    return write


def _semicolons(folder: Path, log: pa.Table, items: pa.Table) -> None:
    _parquet(folder, log, items)
    (folder / "interactions.parquet").unlink()
    log.to_pandas().to_csv(folder / "interactions.csv", sep=";")


def _folder(name: str) -> Callable[..., None]:
    def write(folder: Path, log: pa.Table, items: pa.Table) -> None:
        (folder / name).mkdir()
        for part, start in enumerate((0, 5, 9)):
            rows = log.slice(start, (5, 4, 3)[part])
            pq.write_table(rows, folder / name / f"part-{part:05d}.snappy.parquet")
        (folder / name / "_SUCCESS").write_text("")
        pq.write_table(items, folder / "items.parquet")

    return write


def _hive(folder: Path, log: pa.Table, items: pa.Table) -> None:
    months = pa.array(["2023-11", "2023-12"] * 6).take(pa.array(sorted([0, 1] * 6)))
    pa_dataset.write_dataset(
        log.append_column("dt", months),
        folder / "interactions",
        format="parquet",
        partitioning=["dt"],
        partitioning_flavor="hive",
    )
    pq.write_table(items, folder / "items.parquet")


def _indexed(folder: Path, log: pa.Table, items: pa.Table) -> None:
    log.to_pandas().set_index("user_id").to_parquet(folder / "interactions.parquet")
    frame = items.to_pandas()
    frame.index = pd.RangeIndex(1000, 1004, name="item_id")
    frame.drop(columns="item_id").to_parquet(folder / "items.parquet")


def _decimals(values: list[int]) -> pa.Array:
    return pa.array([Decimal(x) for x in values], pa.decimal128(20, 0))


def _mixed_zones() -> list[str]:
    shifted = [
        stamp + pd.Timedelta(hours=2 * (i % 2)) for i, stamp in enumerate(STAMPS)
    ]
    return [
        f"{x:%Y-%m-%d %H:%M:%S}{('Z', '+02:00')[i % 2]}" for i, x in enumerate(shifted)
    ]


SAME = {
    "base": Form(),
    "categorical": Form(
        {"user_id": pa.array(map(str, USERS)).dictionary_encode()},
        {"title": pa.array(ITEMS["title"]).dictionary_encode()},
    ),
    "categories of numbers": Form({"user_id": pa.array(USERS).dictionary_encode()}),
    "string_view": Form(**ids(str, pa.string_view())),
    "large strings": Form(**ids(str, pa.large_string())),
    "float ids in items": Form(items={"item_id": [1000.0, 1001.0, 1002.0, 1003.0]}),
    "small ids": Form({"user_id": pa.array(USERS, pa.uint8())}),
    "decimal ids": Form({"user_id": _decimals(USERS)}),
    "leading zeros": Form(**ids(lambda x: f"{x:08d}")),
    "emoji ids": Form(**ids(lambda x: f"🎈{x}")),
    "uuid ids": Form(**ids(lambda x: f"00000000-0000-0000-0000-{x:012d}")),
    "digits": Form(**times([str(x) for x in TIMES])),
    "whole floats": Form(**times([float(x) for x in TIMES])),
    "ms": Form(**times([x * 10**3 for x in TIMES])),
    "us": Form(**times([x * 10**6 for x in TIMES])),
    "ns": Form(**times([x * 10**9 for x in TIMES])),
    "float ms": Form(**times([x * 1e3 for x in TIMES])),
    "decimal times": Form(**times(_decimals(TIMES))),
    "timestamps in ns": Form(**times(STAMPS, pa.timestamp("ns"))),
    "timestamps in Berlin": Form(**times(STAMPS, pa.timestamp("us", "Europe/Berlin"))),
    "timestamps with an offset": Form(**times(STAMPS, pa.timestamp("ms", "+05:30"))),
    "ISO text": Form(**times([f"{x:%Y-%m-%dT%H:%M:%SZ}" for x in STAMPS])),
    "ISO text without zone": Form(**times([f"{x:%Y-%m-%d %H:%M:%S}" for x in STAMPS])),
    "ISO text in UTC": Form(**times([f"{x:%Y-%m-%d %H:%M:%S UTC}" for x in STAMPS])),
    "ISO text of two zones": Form(**times(_mixed_zones())),
    "tags as arrays": Form(items={"tags": [np.array(x) for x in ITEMS["tags"]]}),
    "tags as categories": Form(
        items={
            "tags": pa.array(
                ITEMS["tags"], pa.list_(pa.dictionary(pa.int32(), pa.string()))
            )
        }
    ),
    "tags as JSON": Form(items={"tags": [json.dumps(x) for x in ITEMS["tags"]]}),
    "tags as Python": Form(items={"tags": [repr(x) for x in ITEMS["tags"]]}),
    "tags with commas": Form(items={"tags": [", ".join(x) for x in ITEMS["tags"]]}),
    "tags with bars": Form(items={"tags": ["|".join(x) for x in ITEMS["tags"]]}),
    "titles with a mark": Form(items={"title": ["\ufeff" + x for x in ITEMS["title"]]}),
    "csv": Form(write=csv()),
    "csv with a mark": Form(write=csv(head=b"\xef\xbb\xbf")),
    "csv.gz": Form(write=csv(".csv.gz")),
    "tsv": Form(write=csv(".tsv")),
    "tsv.gz": Form(write=csv(".tsv.gz")),
    "csv with leading zeros": Form(**ids(lambda x: f"{x:08d}"), write=csv()),
    "csv with semicolons and row numbers": Form(write=_semicolons),
    "folder": Form(write=_folder("interactions")),
    "folder with the ending": Form(write=_folder("interactions.parquet")),
    "hive partitions": Form(write=_hive),
    "pandas index": Form(write=_indexed),
}
"""Forms that give the base's tables."""
