"""What is unusual in a log."""

import logging

import numpy as np

from mmctr.data.preparation.distinct_times import time_text
from mmctr.data.preparation.numbered_log import NumberedLog
from mmctr.data.reading.source import LogSource

logger = logging.getLogger(__name__)

_MANY = 0.5


def describe_unusual(log: NumberedLog, source: LogSource, repeats: int) -> list[str]:
    """Say what of a log may surprise, and warn about all but items without an event.

    Args:
        log: Its events.
        source: What it was read from.
        repeats: Clicks of an item that the user clicked before.

    Returns:
        A sentence each.
    """
    found, items = [], source.items
    rows = log.item if log.in_log.all() else log.item[log.in_log]
    counts = np.bincount(rows, minlength=len(log.item_hashes))
    most, count = int(counts.argmax()), int(counts.max())
    if count >= _MANY * len(rows):
        found.append(
            f"{count:,} of {len(rows):,} events are of one item, "
            f"{items['item_id'][most - 1].as_py()}"
        )
    if repeats >= _MANY * len(rows):
        found.append(
            f"{repeats:,} of {len(rows):,} clicks are of an item that the user clicked "
            "before; preparation.repeats says what becomes of them"
        )
    earlier = ~log.in_log
    late = int((earlier & (log.timestamp >= log.log_times()[0])).sum())
    if late:
        since = time_text(int(log.log_times()[0]), clock=log.clock)
        found.append(
            f"{source.file('history')}: {late:,} of {int(earlier.sum()):,} clicks are "
            f"not before the log's first event ({since}); these are in histories from "
            "their time on, but are no rows of the log"
        )
    for text in found:
        logger.warning("%s", text)
    without = int((counts[1:] == 0).sum())
    if without:
        found.append(f"{without:,} of {len(items):,} items have no event in the log")
        logger.info("%s", found[-1])
    return found
