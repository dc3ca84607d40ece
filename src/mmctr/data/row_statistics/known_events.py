"""The events that statistics of a log's rows may count."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.row_statistics.event_log import EventLog
from mmctr.data.row_statistics.rates import Rates


class KnownEvents(NamedTuple):
    """Clicks, and where what was shown is known its rates."""

    clicks: EventLog
    rates: Rates | None


def read_events(
    events: pa.Table, *, clock: bool, valid_from: int | None
) -> KnownEvents:
    """Read the table ``events`` of the preparation.

    Times that are an order of each user's own say nothing of what came before at
    another user, and what was counted so far would grow from one to the next, so that
    train and test differed. There every row, of any part, knows train's events of the
    users of other folds.

    Without any times the labelled events are the rows of train themselves: rates count
    those of users of other folds, and no click among them is counted otherwise.

    Args:
        events: Clicks; of impressions and of a challenge all events, with ``label``,
            which is null for clicks from before the log.
        clock: Whether times are those of a clock.
        valid_from: First time of valid; None without times.
    """
    if not clock:
        events = events.filter(pc.less(events["timestamp"], valid_from))
    log = EventLog.from_arrow(events, of_others=not clock)
    if "label" not in events.column_names:
        return KnownEvents(log, None)
    in_log = np.asarray(events["label"].is_valid())
    clicked = pc.fill_null(events["label"], 1).to_numpy() == 1
    if not (log.dated or log.of_others):
        others = replace(log, of_others=True)
        rates = Rates(others.select(in_log), others.select(in_log & clicked))
        return KnownEvents(log.select(~in_log), rates)
    rates = Rates(log.select(in_log), log.select(in_log & clicked))
    return KnownEvents(log.select(clicked), rates)
