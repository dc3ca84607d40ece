"""Items whose vector is all zero, because they have no title or cover."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

logger = logging.getLogger(__name__)

_SHOWN = 5


def warn_of_zero_vectors(
    name: str, vectors: np.ndarray, item_ids: Sequence[Any]
) -> dict[str, Any]:
    """Count the zero vectors and name the first items that have one.

    They are not an error: an item without a title or a cover has no other vector.

    Args:
        name: What the vectors are, for the message.
        vectors: ``[n_items, d]``; d is 0 if the data have no such vectors.
        item_ids: ``n_items`` ids, as people know them.

    Returns:
        ``count`` and ``first_items``, ready for JSON.
    """
    if vectors.shape[1] == 0:
        return {"count": 0, "first_items": []}
    zero = np.flatnonzero(~vectors.any(axis=1))
    first = [item_ids[row] for row in zero[:_SHOWN].tolist()]
    if zero.size:
        logger.warning(
            "%s: %d of %d vectors are all zero, of items %s%s (rows %s); the model "
            "learns nothing from them: check whether these items should have one",
            name,
            zero.size,
            len(vectors),
            first,
            " and others" if zero.size > _SHOWN else "",
            zero[:_SHOWN].tolist(),
        )
    return {"count": int(zero.size), "first_items": first}
