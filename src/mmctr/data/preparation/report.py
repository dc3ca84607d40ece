"""Counts of the prepared rows."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.train_items import items_in_train


def count_parts(parts: dict[str, pa.Table], n_items: int) -> dict[str, object]:
    """Count rows, users and items, warm and cold.

    A user or an item is warm in a part if train has it: the user in a row of its own,
    the item as a target or in a history.

    Args:
        parts: The primary tables ``train``, ``valid`` and ``test``.
        n_items: How many items there are.

    Returns:
        ``items_in_train``, and ``parts`` with the counts of each.
    """
    train = parts["train"]
    warm_items = items_in_train(train, n_items)
    warm_users = pc.unique(train["user_id"])
    return {
        "items_in_train": int(warm_items.sum()),
        "parts": {
            name: _count(table, warm_items, warm_users) for name, table in parts.items()
        },
    }


def _count(
    table: pa.Table, warm_items: np.ndarray, warm_users: pa.Array
) -> dict[str, object]:
    targets = table["item_id"].to_numpy()
    users = pc.unique(table["user_id"])
    items = np.unique(targets[targets > 0])
    warm = warm_items[items]
    positives = pc.sum(table["label"]).as_py()
    lengths = pc.list_value_length(table["item_seq"])
    return {
        "rows": table.num_rows,
        "positive_rows": positives,
        "groups": pc.count_distinct(table["group_id"]).as_py(),
        "users": len(users),
        "warm_users": int(pc.sum(pc.is_in(users, warm_users)).as_py() or 0),
        "items": int(items.size),
        "warm_items": int(warm.sum()),
        "rows_with_cold_item": int((~warm_items[targets]).sum()),
        "mean_history": round(pc.mean(lengths).as_py() or 0.0, 3),
    }
