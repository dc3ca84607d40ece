"""Small raw files, sound until a test changes a column."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SCALARS = [
    pa.int8(),
    pa.uint8(),
    pa.int16(),
    pa.uint16(),
    pa.int32(),
    pa.uint32(),
    pa.int64(),
    pa.uint64(),
    pa.float16(),
    pa.float32(),
    pa.float64(),
]
CHALLENGE_FILES = {
    "item_feature": "MicroLens_1M_MMCTR/item_feature.parquet",
    "train": "MicroLens_1M_x1/train.parquet",
    "valid": "MicroLens_1M_x1/valid.parquet",
    "test": "MicroLens_1M_x1/test.parquet",
    "test_labels": "withheld/test_labels.parquet",
}
ROWS = {
    "user_id": [7, 8, 8],
    "item_seq": [[0, 0, 1, 2], [0, 0, 0, 3], [4, 3, 2, 1]],
    "item_id": [3, 1, 2],
    "likes_level": [1, 0, 2],
    "views_level": [10, 4, 5],
    "label": [1, 0, 1],
}
ITEM_FEATURE = {
    "item_id": [1, 2, 3, 4],
    "item_title": ["red shoe", None, "blue hat", "green coat"],
    "item_tags": [[0, 0, 0, 5, 6], [0, 0, 0, 0, 0], [1, 2, 3, 4, 5], [0, 0, 0, 0, 9]],
    "likes_level": [0, 1, 2, 10],
    "views_level": [10, 9, 8, 0],
    "img_emb_CLIPRN50": [[0.5, 1.0], [-1.0, 0.25], [0.0, 0.0], [2.0, -2.0]],
}
INTERACTIONS = {
    "user_id": [5, 5, 9, 9],
    "item_id": [20, 10, 10, 30],
    "timestamp": [1_700_000_100, 1_700_000_200, 1_700_000_200, 1_700_000_300],
}
ITEMS = {"item_id": [30, 10, 20], "title": ["red shoe", None, "blue hat"]}


def write_challenge(
    folder: Path, changes: dict[str, dict[str, Any]] | None = None
) -> Path:
    """Write the challenge's files; a changed column of None is left out."""
    unlabelled = {name: ROWS[name] for name in ROWS if name != "label"}
    files = {
        "item_feature": ITEM_FEATURE,
        "train": ROWS,
        "valid": ROWS,
        "test": unlabelled,
    }
    changes = changes or {}
    for name in files | changes:
        _write(
            folder / CHALLENGE_FILES[name], files.get(name, {}) | changes.get(name, {})
        )
    return folder


def write_log(
    folder: Path,
    interactions: dict[str, Any] | None = None,
    items: dict[str, Any] | None = None,
) -> Path:
    """Write a log and its items; a changed column of None is left out."""
    _write(folder / "interactions.parquet", INTERACTIONS | (interactions or {}))
    _write(folder / "items.parquet", ITEMS | (items or {}))
    return folder


def _write(path: Path, columns: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {name: values for name, values in columns.items() if values is not None}
    pq.write_table(pa.table(kept), path)
