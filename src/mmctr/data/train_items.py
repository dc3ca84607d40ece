"""Which items train has."""

import numpy as np
import pyarrow as pa


def items_in_train(train: pa.Table, n_items: int) -> np.ndarray:
    """Mark the items that a train row has as its target or in its history.

    Args:
        train: ``item_id`` and ``item_seq`` (lists) of item ids, 0 for an unknown item.
        n_items: How many items there are.

    Returns:
        bool ``[n_items + 1]``; place i is item i, and place 0 is False.
    """
    seen = np.zeros(n_items + 1, dtype=bool)
    # A chunk at a time: there are many times as many events as items.
    for targets in train["item_id"].chunks:
        seen[targets.to_numpy()] = True
    for histories in train["item_seq"].chunks:
        seen[histories.flatten().to_numpy()] = True
    seen[0] = False
    return seen
