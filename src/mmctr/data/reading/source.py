"""What reading a log gives to preparation."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class LogSource:
    """A log, its items, and what else is known of users and earlier clicks.

    Attributes:
        log: One row per event, in file order: ``user_id`` and ``item_id`` (int64 or
            string), ``timestamp`` (int64, unix seconds) and, where the log has them,
            ``label`` (int8, 0 or 1), ``impression_id`` (int64 or string) and any other
            column, as the file has it.
        items: One row per item, in file order: ``item_id`` (of the log's type),
            ``title`` (string, empty where there is none) and, where the file has them,
            ``tags`` (lists of strings), ``likes`` and ``views`` (float64) and any
            other column.
        users: One row per user: ``user_id`` and any other column; None without.
        history: Clicks before the log: ``user_id``, ``item_id`` and, maybe,
            ``timestamp``; None without.
        image_vectors: ``[n_items, width]`` float32; width 0 where there are none.
    """

    log: pa.Table
    items: pa.Table
    image_vectors: np.ndarray
    users: pa.Table | None = None
    history: pa.Table | None = None
