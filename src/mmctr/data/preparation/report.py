"""What preparation found, in numbers."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def build_report(
    kind: str,
    parts: dict[str, pa.Table],
    n_items: int,
    *,
    levels_from: dict[str, str],
    unknown: dict[str, object],
    zero_image_vectors: dict[str, object],
    oracle_auc: dict[str, float] | None = None,
    log: dict[str, object] | None = None,
) -> dict[str, object]:
    """Count rows, users and items, warm and cold.

    A user or an item is warm in a part if train has it: the user with a row of his own,
    the item as a target or in a history.

    Args:
        kind: ``challenge`` or ``interactions``.
        parts: The primary tables ``train``, ``valid`` and ``test``.
        n_items: Rows of the item table.
        levels_from: What ``likes`` and ``views`` levels were made of: ``items`` (the
            source states them) or ``training events``.
        unknown: Items and levels that are not known, from
            :func:`mmctr.data.preparation.unknown.settle`.
        zero_image_vectors: From :func:`mmctr.data.zero_vectors.warn_of_zero_vectors`.
        oracle_auc: The best possible AUC by part, where the law of the data is known.
        log: What splitting a log found; None for a challenge.

    Returns:
        The report, ready for JSON.
    """
    train = parts["train"]
    warm_items = np.union1d(
        train["item_id"].to_numpy(),
        train["item_seq"].combine_chunks().flatten().to_numpy(),
    )
    warm_users = pc.unique(train["user_id"])
    return {
        "source": kind,
        "items": n_items,
        "items_in_train": int(warm_items.size),
        "levels_from": levels_from,
        "parts": {
            name: _count(table, warm_items, warm_users) for name, table in parts.items()
        },
        "unknown": unknown,
        "zero_image_vectors": zero_image_vectors,
        "oracle_auc": oracle_auc,
        "log": log,
    }


def _count(
    table: pa.Table, warm_items: np.ndarray, warm_users: pa.Array
) -> dict[str, object]:
    targets = table["item_id"].to_numpy()
    users = pc.unique(table["user_id"])
    items = np.unique(targets[targets > 0])
    warm = np.isin(items, warm_items)
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
        "rows_with_cold_item": int((~np.isin(targets, warm_items)).sum()),
        "mean_history": round(pc.mean(lengths).as_py() or 0.0, 3),
    }
