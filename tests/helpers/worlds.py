"""Small random item tables and click logs."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import torch

from mmctr.ctr.inputs.click_log import Batch, ClickLog
from mmctr.ctr.inputs.field_columns import FieldColumns, FieldSpec
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.params import CtrParams
from mmctr.data.columns import lists_of_rows
from mmctr.data.fields.field import FIRST
from mmctr.data.fields.levels_and_tags import STATED_LEVELS, challenge_fields
from mmctr.evaluation.params import EvaluationParams

N_ITEMS = 40
TAG_LISTS = pa.list_(pa.int32())
CHALLENGE = challenge_fields(pa.table({"tags": [[8, 7, 6, 5, 4]]}))
ITEM_FIELDS = (
    FieldSpec("tags", FIRST + 8, width=5, is_hidden=False),
    *(
        FieldSpec(name, FIRST + 11, is_level=True, is_hidden=False)
        for name in ("likes", "views")
    ),
)
ROW_LEVELS = tuple(
    FieldSpec(name, FIRST + 11, is_level=True, is_hidden=False)
    for name in ("row_likes", "row_views")
)


def random_table(rng: np.random.Generator, *, image_positions: int = 3) -> ItemTable:
    """Items with 0 to 5 tags, levels, 6 title positions and some image positions."""
    n = N_ITEMS
    tags = rng.integers(1, 9, (n + 1, 5)) * (rng.random((n + 1, 5)) < 0.6)
    levels = rng.integers(1, 12, (2, n + 1))
    title = rng.integers(1, 8, (n + 1, 6))
    image = rng.integers(1, 5, (n + 1, image_positions))
    codes = np.column_stack([tags, *levels])
    codes[codes > 0] += FIRST - 1
    for column in (codes, title, image):
        column[0] = 0
    fields = FieldColumns(ITEM_FIELDS, codes, np.zeros((n + 1, 0), np.float32))
    return ItemTable(n, {"title": title, "image": image}, fields=fields)


def as_arrow(table: ItemTable) -> pa.Table:
    """An item table of :func:`random_table` as the fusion pipeline writes it."""
    numbers = {"item_id": np.arange(table.n_items + 1, dtype=np.int32)}
    codes = {f"{name}_codes": lists_of_rows(own) for name, own in table.codes.items()}
    found = pa.table(numbers | codes)
    tags, levels = table.fields.codes[:, :5], table.fields.codes[:, 5:]
    lists = pa.array([[x for x in row if x] for row in tags.tolist()], TAG_LISTS)
    columns = [lists, *(pa.array(own, pa.int32()) for own in levels.T)]
    for spec, column in zip(table.fields.specs, columns, strict=True):
        facts = {"side": "item", "size": str(spec.size), "width": str(spec.width)}
        facts |= {"kind": "level" if spec.width == 1 else "tags", "known_only": "True"}
        described = pa.field(f"field_{spec.name}", column.type, metadata=facts)
        found = found.append_column(described, column)
    return found


def with_vectors(rng: np.random.Generator, table: ItemTable) -> ItemTable:
    """The table with 5 title and 3 image columns; item 1 has no title, 2 no image."""
    vectors = [
        rng.normal(size=(N_ITEMS + 1, width)).astype(np.float32) for width in (5, 3)
    ]
    for each, without in zip(vectors, (1, 2), strict=True):
        each[[0, without]] = 0
    return replace(table, vectors=dict(zip(("title", "image"), vectors, strict=True)))


def rows_table(
    rng: np.random.Generator, n_rows: int, *, n_items: int = N_ITEMS, longest: int = 7
) -> pa.Table:
    """A primary table whose labels follow the parity of the target, with some noise."""
    lengths = rng.integers(0, longest + 1, n_rows)
    targets = rng.integers(1, n_items + 1, n_rows)
    labels = (targets % 2) ^ (rng.random(n_rows) < 0.1)
    histories = [rng.integers(1, n_items + 1, length) for length in lengths]
    return pa.table(
        {
            "user_id": pa.array(np.arange(n_rows) // 4),
            "group_id": pa.array(np.arange(n_rows) // 4),
            "item_id": pa.array(targets),
            "item_seq": pa.array(histories, pa.list_(pa.int32())),
            "label": pa.array(labels, pa.int8()),
        }
    )


def with_levels(rng: np.random.Generator, rows: pa.Table) -> pa.Table:
    """The rows with levels of their own, as those of a challenge."""
    levels = {name: rng.integers(0, 11, len(rows)) for name in STATED_LEVELS}
    columns = {name: pa.array(values) for name, values in levels.items()}
    encoded = CHALLENGE.encode("row", columns, len(rows))
    for place, column in enumerate(encoded.schema):
        rows = rows.append_column(column, encoded[place])
    return rows


def click_log(
    rng: np.random.Generator, n_rows: int, *, levels: bool = False, **options: int
) -> ClickLog:
    """The rows of :func:`rows_table` in memory, with levels if asked for."""
    rows = rows_table(rng, n_rows, **options)
    rows = with_levels(rng, rows) if levels else rows
    return ClickLog.from_arrow(rows, 100, N_ITEMS, fields="all")


def with_statistics(rng: np.random.Generator, rows: pa.Table) -> pa.Table:
    """The rows with three statistics; the last says the label, where it is defined."""
    label = rows["label"].to_numpy()
    seen = np.where(rng.random(len(label)) < 0.2, np.nan, label)
    drawn = rng.normal(size=(2, len(label)))
    columns = {
        "popularity.events_30d": np.round(np.exp(drawn[0])),
        "popularity.age": drawn[1],
        "lexical.first_word": seen + rng.normal(scale=0.1, size=len(label)),
    }
    for name, values in columns.items():
        is_missing = np.isnan(values)
        rows = rows.append_column(name, pa.array(values, pa.float32(), mask=is_missing))
    return rows


def log_with_statistics(
    rng: np.random.Generator, n_rows: int, kinds: list[str], *, levels: bool = False
) -> ClickLog:
    """Rows with those statistics in memory, with levels if asked for."""
    rows = with_statistics(rng, rows_table(rng, n_rows))
    rows = with_levels(rng, rows) if levels else rows
    return ClickLog.from_arrow(rows, 100, N_ITEMS, statistics=kinds, fields="all")


def whole_batch(log: ClickLog) -> Batch:
    """All rows of a log as one batch."""
    return log[np.arange(len(log))]


def with_items(batch: Batch, **items: torch.Tensor) -> Batch:
    """The batch with another ``target`` or ``history``."""
    names = ("target", "history", "segment", "statistics", "label", "weight")
    found = Batch.of(**{name: getattr(batch, name) for name in names} | items)
    return found._replace(
        field_codes=batch.field_codes, field_values=batch.field_values
    )


def ctr_params(
    *,
    features: dict[str, object] | None = None,
    model: dict[str, object] | None = None,
    training: dict[str, object] | None = None,
    seed: int = 3,
) -> CtrParams:
    """Small sizes, no dropout, with overrides by section."""
    sizes = {
        "embedding_dim": 4,
        "embedding_std": 0.3,
        "attention_units": [8, 5],
        "attention_dropout": 0.0,
        "dnn_units": [9, 6],
        "dnn_dropout": 0.0,
        "item_id_dropout": 0.0,
    }
    return CtrParams.model_validate(
        {
            "features": features or {},
            "model": {**sizes, **(model or {})},
            "training": training or {},
            "evaluation": EvaluationParams(seed=1, resamples=50),
            "seed": seed,
            "device": "cpu",
        }
    )
