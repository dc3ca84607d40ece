"""Items of a log that a bundle does not have yet."""

import logging

import pyarrow as pa

from mmctr.data.reading.scored_log import ScoredLog
from mmctr.serving.new_items import with_items
from mmctr.serving.prediction.rows import as_kind, item_numbers
from mmctr.serving.state import ScoringState

logger = logging.getLogger(__name__)


def with_log_items(state: ScoringState, log: ScoredLog) -> tuple[ScoringState, int]:
    """Add the items of the log's table that the bundle lacks.

    Args:
        state: Of the bundle.
        log: May have a table of items.

    Returns:
        The bundle with them, and how many there were.

    Raises:
        ValueError: If ids are of another type, or vectors can't be made.
    """
    items = log.read_items()
    if items is None:
        return state, 0
    table, ids = log.tables["items"], state.ids
    given = items["item_id"]
    if not table.raw.is_typed:
        given = as_kind(given, ids.type)
    is_new = item_numbers(ids, given, table.place) == 0
    if not is_new.any():
        return state, 0
    items = items.set_column(items.column_names.index("item_id"), "item_id", given)
    new = items.filter(pa.array(is_new))
    logger.info("%s: %s items are new", table.place, f"{new.num_rows:,}")
    bundle = with_items(state.bundle, new, ids)
    return ScoringState.of(bundle), new.num_rows
