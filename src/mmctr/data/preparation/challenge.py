"""The challenge's files as primary tables: split and labelled already."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.datasets import ChallengeSource
from mmctr.data.fields.levels_and_tags import challenge_fields
from mmctr.data.fields.state import FieldState
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.report import count_parts, table_columns
from mmctr.data.preparation.tables import (
    PrimaryTables,
    events_table,
    list_array,
    primary_tables,
    rows_table,
)
from mmctr.data.preparation.unknown import (
    UnknownValues,
    pad_challenge_rows,
    raise_or_warn,
)
from mmctr.data.train_items import items_in_train
from mmctr.runtime.jagged import keep_last


def prepare_challenge(
    source: ChallengeSource, params: PreparationParams
) -> PrimaryTables:
    """Re-index the challenge's items from 1, in file order, and strip the padding.

    A row's group is its user.

    Args:
        source: The challenge's files.
        params: ``max_history`` and ``unknown_items`` are used.

    Returns:
        The primary tables.

    Raises:
        ValueError: If a target or a history holds an item that ``item_feature`` lacks,
            or a row of test an invalid level, and ``unknown_items`` is ``strict``;
            it names the part, the column and the first five rows. If nothing is left of
            a part.
    """
    index = pd.Index(source.items["item_id"].to_numpy())
    numbered: dict[str, pa.Table] = {}
    found: list[UnknownValues] = []
    for name in ("train", "valid", "test"):
        numbered[name], unknown = pad_challenge_rows(
            getattr(source, name),
            name,
            lambda ids: index.get_indexer(ids) + 1,
            source.items,
        )
        found += unknown
    reported = raise_or_warn(found, params.unknown_items)
    fields = challenge_fields(source.items)
    parts = {
        name: _part_table(rows, name, params.max_history, fields)
        for name, rows in numbered.items()
    }
    n_items = len(source.items)
    columns = {name: source.items[name] for name in source.items.column_names}
    return primary_tables(
        "challenge",
        source.items,
        source.image_vectors,
        parts,
        _events(numbered["train"]),
        counts=count_parts(
            table_columns(parts, n_items), items_in_train(parts["train"], n_items)
        ),
        audited=parts,
        oracle_auc=source.oracle_auc,
        unknown=reported,
        fields=fields.encode("item", columns, n_items),
        state=fields,
    )


def _events(train: pa.Table) -> pa.Table:
    """The history of each user's first row, and all rows with their labels.

    First is the shortest history: a longer one may hold the targets of other rows,
    which would give their labels away. Nothing has a time.
    """
    history = train["item_seq"].combine_chunks()
    lengths = pc.list_value_length(history).to_numpy()
    _, users = np.unique(train["user_id"].to_numpy(), return_inverse=True)
    order = np.lexsort((lengths, users))
    first = np.sort(order[np.diff(users[order], prepend=-1) > 0])
    chosen = train.take(first)
    items = chosen["item_seq"].combine_chunks()
    clicked = items.flatten()
    users = chosen["user_id"].take(pc.list_parent_indices(items))
    labels = pa.nulls(len(clicked), pa.int8())
    return events_table(
        pa.chunked_array([*users.chunks, *train["user_id"].chunks]),
        np.concatenate([clicked.to_numpy(), train["item_id"].to_numpy()]),
        None,
        pa.chunked_array([labels, *train["label"].cast(pa.int8()).chunks]),
    )


def _part_table(
    rows: pa.Table, name: str, max_history: int, fields: FieldState
) -> pa.Table:
    if not len(rows):
        raise ValueError(
            f"{name}.parquet: no row is left, no target is in item_feature.parquet; "
            "give the item table that belongs to these rows"
        )
    _, groups = np.unique(rows["user_id"].to_numpy(), return_inverse=True)
    history = rows["item_seq"].combine_chunks()
    newest = keep_last(
        (history.values.to_numpy(), history.offsets.to_numpy()), max_history
    )
    columns = dict(zip(rows.column_names, rows.columns, strict=True))
    own = {"group_id": groups, "item_seq": list_array(newest)}
    table = rows_table(columns | own)
    encoded = fields.encode("row", columns, rows.num_rows)
    for place, column in enumerate(encoded.schema):
        table = table.append_column(column, encoded[place])
    return table
