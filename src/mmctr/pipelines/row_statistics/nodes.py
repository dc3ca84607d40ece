"""Nodes of the row statistics pipeline."""

import numpy as np
import pyarrow as pa

from mmctr.data.log_facts import LogFacts
from mmctr.data.row_statistics.known_events import read_events
from mmctr.data.row_statistics.params import RowStatisticsParams
from mmctr.data.row_statistics.report import describe_statistics
from mmctr.data.row_statistics.table import StatisticsSource, add_statistics
from mmctr.data.train_items import items_in_train


def compute_row_statistics(
    train: pa.Table,
    valid: pa.Table,
    test: pa.Table,
    events: pa.Table,
    items: pa.Table,
    item_table: pa.Table,
    vectors: dict[str, np.ndarray],
    preparation_report: dict,
    params: RowStatisticsParams,
) -> tuple[pa.Table, pa.Table, pa.Table, pa.Table, dict[str, object]]:
    """Describe every row by numbers: popularity, co-occurrence, similarity and more.

    Args:
        train: Primary rows.
        valid: Primary rows.
        test: Primary rows.
        events: Clicks, or all events of a log of impressions.
        items: Titles.
        item_table: Tags and codes; row 0 is padding.
        vectors: By modality ``[n_items + 1, d]`` float32, row 0 zero.
        preparation_report: Says when valid begins: then statistics are frozen.
        params: Kinds and protocol.

    Returns:
        The three tables with a column ``kind.name`` per statistic; see
        :func:`mmctr.data.row_statistics.table.add_statistics`. Then the rows of test
        with frozen statistics, beside live ones: none where the protocol is ``frozen``,
        or makes no difference. Last what was computed, ready for JSON; see
        :func:`mmctr.data.row_statistics.report.describe_statistics`.
    """
    log = preparation_report["log"]
    valid_from = log["valid_from"] if log else None
    clicks, rates = read_events(
        events,
        clock=LogFacts.of(preparation_report).clock,
        valid_from=valid_from,
    )
    source = StatisticsSource(
        log=clicks,
        titles=items["title"].to_pylist(),
        in_train=items_in_train(train, items.num_rows),
        item_table=item_table,
        vectors=vectors,
        params=params,
        rates=rates,
    )
    limit = valid_from if params.protocol == "frozen" else None
    parts = [add_statistics(part, source, limit) for part in (train, valid, test)]
    report = describe_statistics(parts[0].column_names, source)
    frozen = parts[-1].slice(0, 0)
    if report["protocol"] == "live":
        frozen = add_statistics(test, source, valid_from)
    return (*parts, frozen, report)
