"""Items whose vector is all zero: nothing is known of their title or cover."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

logger = logging.getLogger(__name__)

_ROWS = 16_384
_SHOWN = 5


def warn_of_zero_vectors(
    name: str, vectors: np.ndarray, item_ids: Sequence[Any]
) -> dict[str, Any]:
    """Count the zero vectors and name the first items that have one.

    They are no error: an item without a title or a cover has no other vector.

    Args:
        name: What the vectors are, for the message.
        vectors: ``[n_items, d]``; d may be 0, where the data have no such vectors.
        item_ids: ``n_items`` ids, as people know them.

    Returns:
        ``count`` and ``first_items``, ready for JSON.
    """
    if vectors.shape[1] == 0:
        return {"count": 0, "first_items": []}
    parts = range(0, len(vectors), _ROWS)
    zero = np.concatenate(
        [
            start + np.flatnonzero(~vectors[start : start + _ROWS].any(axis=1))
            for start in parts
        ]
    )
    first = [item_ids[row] for row in zero[:_SHOWN].tolist()]
    if zero.size:
        logger.warning(
            "%s: %d of %d vectors are all zero, of items %s%s (rows %s); the model "
            "learns nothing from them: see whether these items should have one",
            name,
            zero.size,
            len(vectors),
            first,
            " and others" if zero.size > _SHOWN else "",
            zero[:_SHOWN].tolist(),
        )
    return {"count": int(zero.size), "first_items": first}
