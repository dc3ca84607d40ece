"""Items and rows that nodes of the ctr_modeling pipeline are given."""

import numpy as np
import pyarrow as pa

N_ITEMS = 30
# Titles have two columns, images none.
VECTORS = {
    "title": np.concatenate([np.zeros((1, 2)), np.eye(2)[np.arange(N_ITEMS) % 2]]),
    "image": np.zeros((N_ITEMS + 1, 0)),
}


def rows(seed: int, groups: int) -> pa.Table:
    """Groups of one click on an even item and three rows of odd items."""
    rng = np.random.default_rng(seed)
    items = rng.integers(0, N_ITEMS // 2, (groups, 4)) * 2 + 1
    items[:, 0] += 1
    histories = [
        rng.integers(1, N_ITEMS + 1, rng.integers(1, 5)) for _ in range(groups)
    ]
    return pa.table(
        {
            "user_id": [f"user-{group}" for group in np.repeat(np.arange(groups), 4)],
            "group_id": np.repeat(np.arange(groups), 4),
            "item_id": items.reshape(-1),
            "item_seq": pa.array(
                [histories[group] for group in np.repeat(np.arange(groups), 4)],
                pa.list_(pa.int32()),
            ),
            "label": pa.array(np.tile([1, 0, 0, 0], groups), pa.int8()),
            "timestamp": pa.nulls(groups * 4, pa.int64()),
        }
    )
