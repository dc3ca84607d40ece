"""Counts of the prepared rows."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class PartColumns:
    """What is counted of the rows of a part.

    Attributes:
        rows: How many there are.
        positives: Those that were clicked; None where labels are withheld.
        groups: How many there are.
        users: bool, by code: which have rows.
        targets: ``[n_items + 1]`` rows by target.
        mean_history: Items in a row's history.
    """

    rows: int
    positives: int | None
    groups: int
    users: np.ndarray
    targets: np.ndarray
    mean_history: float


def count_parts(
    parts: dict[str, PartColumns], in_train: np.ndarray
) -> dict[str, object]:
    """Count rows, users and items, warm and cold.

    A user or an item is warm in a part if train has it: the user in a row of its own,
    the item as a target or in a history.

    Args:
        parts: ``train``, ``valid`` and ``test``.
        in_train: bool ``[n_items + 1]``, from
            :func:`mmctr.data.train_items.items_in_train`.

    Returns:
        ``items_in_train``, and ``parts`` with the counts of each.
    """
    warm_users = parts["train"].users
    return {
        "items_in_train": int(in_train.sum()),
        "parts": {
            name: _count(columns, in_train, warm_users)
            for name, columns in parts.items()
        },
    }


def table_columns(parts: dict[str, pa.Table], n_items: int) -> dict[str, PartColumns]:
    """What is counted of whole tables.

    Args:
        parts: The primary tables ``train``, ``valid`` and ``test``.
        n_items: How many items there are.
    """
    ids = pc.unique(
        pa.chunked_array([x for t in parts.values() for x in t["user_id"].chunks])
    )
    found = {}
    for name, table in parts.items():
        users = np.zeros(len(ids), bool)
        users[pc.index_in(pc.unique(table["user_id"]), ids).to_numpy()] = True
        found[name] = PartColumns(
            rows=table.num_rows,
            positives=pc.sum(table["label"]).as_py(),
            groups=pc.count_distinct(table["group_id"]).as_py(),
            users=users,
            targets=np.bincount(table["item_id"].to_numpy(), minlength=n_items + 1),
            mean_history=pc.mean(pc.list_value_length(table["item_seq"])).as_py() or 0,
        )
    return found


def _count(
    part: PartColumns, warm_items: np.ndarray, warm_users: np.ndarray
) -> dict[str, object]:
    there = part.targets > 0
    there[0] = False
    return {
        "rows": part.rows,
        "positive_rows": part.positives,
        "groups": part.groups,
        "users": int(part.users.sum()),
        "warm_users": int((part.users & warm_users).sum()),
        "items": int(there.sum()),
        "warm_items": int((there & warm_items).sum()),
        "rows_with_cold_item": int(part.targets[~warm_items].sum()),
        "mean_history": round(part.mean_history, 3),
    }
