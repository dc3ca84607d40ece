"""Nodes of the row statistics pipeline."""

import numpy as np
import pyarrow as pa

from mmctr.data.row_statistics.event_log import EventLog
from mmctr.data.row_statistics.params import RowStatisticsParams
from mmctr.data.row_statistics.table import StatisticsSource, add_statistics
from mmctr.data.train_items import items_in_train


def compute_row_statistics(
    train: pa.Table,
    valid: pa.Table,
    test: pa.Table,
    events: pa.Table,
    items: pa.Table,
    item_table: pa.Table,
    title_vectors: np.ndarray,
    image_vectors: np.ndarray,
    preparation_report: dict,
    params: RowStatisticsParams,
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Describe every row by numbers: popularity, co-occurrence, similarity and more.

    Args:
        train: Primary rows.
        valid: Primary rows.
        test: Primary rows.
        events: Clicks that may be counted.
        items: Titles.
        item_table: Tags and codes; row 0 is padding.
        title_vectors: ``[n_items + 1, d]`` float32, row 0 zero.
        image_vectors: The same.
        preparation_report: Says when valid begins, for the protocol ``frozen``.
        params: Kinds and protocol.

    Returns:
        The three tables with a column ``kind.name`` per statistic; see
        :func:`mmctr.data.row_statistics.table.add_statistics`.
    """
    source = StatisticsSource(
        log=EventLog.from_arrow(events),
        titles=items["title"].to_pylist(),
        in_train=items_in_train(train, items.num_rows),
        item_table=item_table,
        vectors={"title": title_vectors, "image": image_vectors},
        params=params,
    )
    log = preparation_report["log"]
    limit = log["valid_from"] if log and params.protocol == "frozen" else None
    return tuple(add_statistics(part, source, limit) for part in (train, valid, test))
