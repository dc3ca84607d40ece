"""Item tables and click logs at the reference's shape, drawn from a seed."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.inputs.field_columns import FieldColumns, FieldSpec
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.params import CtrParams
from mmctr.data.fields.field import FIRST, RARE
from mmctr.data.fields.levels_and_tags import ROW_LEVELS
from mmctr.data.raw_schemas import MAX_LEVEL
from mmctr.evaluation.params import EvaluationParams

MAX_HISTORY = 64


@dataclass(frozen=True)
class Shape:
    """Sizes of a synthetic world; the defaults are the reference's.

    Attributes:
        items: Rows of the item table, padding apart.
        positions: Codes an item and modality.
        codes: Size of each codebook.
        tags: Different tags.
        mean_history: Items a history, before the cut at 64.
    """

    items: int = 91_718
    positions: int = 512
    codes: int = 1024
    tags: int = 11_740
    mean_history: int = 8


def item_table(shape: Shape, seed: int) -> ItemTable:
    """Draw the items: 5 tags, two levels, codes of title and image, all uniform."""
    rng = np.random.default_rng([seed, 0])
    n = shape.items + 1
    tags = rng.integers(1, shape.tags, (n, 5))
    levels = rng.integers(1, MAX_LEVEL + 2, (2, n))
    # The last one is in use, so that the table has its full size.
    tags[1, 0] = shape.tags - 1
    fields = np.column_stack([tags, *levels]) + RARE
    wide = (n, shape.positions)
    title = rng.integers(1, shape.codes + 1, wide)
    image = rng.integers(1, shape.codes + 1, wide)
    title[1, 0], image[1, 0] = shape.codes, shape.codes
    for column in (fields, title, image):
        column[0] = 0
    specs = (
        FieldSpec("tags", RARE + shape.tags, width=5, is_hidden=False),
        *(_level(name) for name in ("likes", "views")),
    )
    columns = FieldColumns(specs, fields, np.zeros((n, 0), np.float32))
    codes = {"title": title, "image": image}
    return ItemTable(shape.items, codes, fields=columns)


def row_levels(rng: np.random.Generator, rows: int) -> FieldColumns:
    """Draw likes and views as ``rows`` rows state them."""
    levels = rng.integers(0, MAX_LEVEL + 1, (2, rows)) + FIRST
    specs = tuple(_level(name) for name in ROW_LEVELS)
    return FieldColumns(specs, levels.T.copy(), np.zeros((rows, 0), np.float32))


def _level(name: str) -> FieldSpec:
    return FieldSpec(name, FIRST + MAX_LEVEL + 1, is_level=True, is_hidden=False)


def rows_table(shape: Shape, rows: int, seed: int) -> pa.Table:
    """Draw ``rows`` impressions as the primary table has them.

    Histories have geometric lengths from 1. Their items are uniform: a popular item,
    embedded once per batch, would save work that the padded layers do again.
    """
    rng = np.random.default_rng([seed, 1])
    lengths = rng.geometric(1 / shape.mean_history, rows)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    history = rng.integers(1, shape.items + 1, offsets[-1], dtype=np.int32)
    return pa.table(
        {
            "user_id": np.arange(rows) // 4,
            "group_id": np.arange(rows) // 4,
            "item_id": rng.integers(1, shape.items + 1, rows),
            "item_seq": pa.ListArray.from_arrays(offsets, history),
            "label": rng.integers(0, 2, rows, dtype=np.int8),
        }
    )


def click_log(shape: Shape, rows: int, seed: int) -> ClickLog:
    """The rows of :func:`rows_table` in memory, with levels of their own."""
    table = rows_table(shape, rows, seed)
    log = ClickLog.from_arrow(table, MAX_HISTORY, shape.items)
    levels = row_levels(np.random.default_rng([seed, 3]), rows)
    return replace(log, fields=levels)


def reference_params(seed: int, *, dropout: bool = True) -> CtrParams:
    """The reference's settings (``conf/microlens``), with or without dropout."""
    return CtrParams.model_validate(
        {
            "features": {},
            "model": {
                "embedding_dim": 64,
                "embedding_std": 1e-4,
                "code_entry": "bag",
                "item_id_dropout": 0.0,
                "attention_units": [512, 256],
                "attention_dropout": 0.4 * dropout,
                "dnn_units": [1024, 512, 256],
                "dnn_dropout": 0.3 * dropout,
                "batch_norm": True,
            },
            "training": {"max_history": MAX_HISTORY, "learning_rate": 1e-5},
            "evaluation": EvaluationParams(seed=seed, resamples=50),
            "seed": seed,
            "device": "cpu",
        }
    )


def small_params(seed: int, item_id_min_rows: int = 0) -> CtrParams:
    """A small model on batches of 1,024 rows.

    Args:
        seed: Of the training.
        item_id_min_rows: Over 0: with ids of items seen as often.
    """
    features: dict[str, object] = {"item_id": item_id_min_rows > 0}
    if item_id_min_rows:
        features["item_id_min_rows"] = item_id_min_rows
    return CtrParams.model_validate(
        {
            "features": features,
            "model": {
                "embedding_dim": 16,
                "attention_units": [64, 32],
                "dnn_units": [128, 64],
            },
            "training": {"batch_size": 1024, "max_epochs": 1},
            "evaluation": EvaluationParams(seed=seed, resamples=50),
            "seed": seed,
            "device": "cpu",
        }
    )
