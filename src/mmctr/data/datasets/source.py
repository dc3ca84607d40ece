"""Items and labelled rows of a source, column by column."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mmctr.runtime.jagged import Jagged


@dataclass(frozen=True)
class ItemColumns:
    """All items, in file order.

    Attributes:
        item_ids: ``[n_items]`` int64 or strings, the source's own ids.
        titles: ``n_items`` strings, empty where there is none.
        tags: Flat int64 tag ids without padding, and ``[n_items + 1]`` offsets.
        likes_levels: ``[n_items]`` int64, 0..10.
        views_levels: ``[n_items]`` int64, 0..10.
        image_vectors: ``[n_items, width]`` float32; width 0 where there are none.
    """

    item_ids: np.ndarray
    titles: pa.Array
    tags: Jagged
    likes_levels: np.ndarray
    views_levels: np.ndarray
    image_vectors: np.ndarray


@dataclass(frozen=True)
class RowColumns:
    """The rows of train, valid or test, in order.

    Attributes:
        user_ids: ``rows`` values, int64 or string.
        item_ids: ``[rows]`` int64, the targets.
        history: Flat int64 item ids without padding, oldest first, and ``[rows + 1]``
            offsets.
        likes_levels: ``[rows]`` int64; as read from a test file, they may be invalid.
        views_levels: ``[rows]`` int64, likewise.
        labels: ``[rows]`` integers, or None if the rows are unlabelled.
    """

    user_ids: pa.Array
    item_ids: np.ndarray
    history: Jagged
    likes_levels: np.ndarray
    views_levels: np.ndarray
    labels: np.ndarray | None
