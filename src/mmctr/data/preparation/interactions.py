"""A log of clicks or impressions as primary tables, split in time."""

import logging
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from mmctr.data.datasets import TablePieces
from mmctr.data.fields.log_columns import ITEM_AGE, SPECIAL
from mmctr.data.fields.params import FieldsParams
from mmctr.data.fields.state import FieldState
from mmctr.data.preparation.clicks import click_rows, find_repeats
from mmctr.data.preparation.column_use import column_use
from mmctr.data.preparation.dropped import dropped_share
from mmctr.data.preparation.groups import OF_CLICKS, Groups
from mmctr.data.preparation.histories import find_histories
from mmctr.data.preparation.ignored import ignored_by_log
from mmctr.data.preparation.impressions import impression_rows
from mmctr.data.preparation.log_numbers import number_log
from mmctr.data.preparation.numbered_log import NumberedLog
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.part_rows import PIECE_ROWS, PartRows
from mmctr.data.preparation.report import count_parts
from mmctr.data.preparation.row_fields import add_fields
from mmctr.data.preparation.splits import TimeSplit, split_by_time
from mmctr.data.preparation.tables import PrimaryTables, events_table, primary_tables
from mmctr.data.preparation.unusual import describe_unusual
from mmctr.data.preparation.weights import row_weights, scale_weights
from mmctr.data.reading.source import LogSource

_EARLIER = -1

logger = logging.getLogger(__name__)


def prepare_interactions(
    source: LogSource,
    params: PreparationParams,
    fields: FieldsParams | None = None,
    earlier: FieldState | None = None,
) -> PrimaryTables:
    """Turn a log into labelled rows without looking ahead.

    Of a log of clicks, negatives are drawn. A log with a column ``label`` holds
    impressions: its rows are the rows. Train rows and whatever is derived from training
    events depend on nothing that happens later, and nothing on the order of the file.

    Args:
        source: The log and its items.
        params: Split, histories, negatives and weights.
        fields: Which columns are fields; None: those that are without any setting.
        earlier: Fields of an earlier run on the beginning of the log, which are kept;
            None: there was none.

    Returns:
        The primary tables.

    Raises:
        ValueError: If an event's item is not in the item table and ``unknown_items`` is
            ``strict``; it names the first five rows. If weights are no weights. If a
            part would have no event or no row, or rows of one label; it names the
            parameter to change.
    """
    fields = fields or FieldsParams()
    weights = row_weights(source, params)
    _tell(source.log, "users, items and times become numbers, in order of time")
    log = number_log(source, params.unknown_items, params.seed)
    source = source.without(_numbered_columns(source, fields))
    pa.default_memory_pool().release_unused()
    # The cuts are the same whatever becomes of repeats, which are dropped after them.
    split = split_by_time(log.log_times(), params, clock=log.clock)
    facts = _facts(log, split)
    log, is_repeat, repeats = _without_repeats(log, params)
    ignored = ignored_by_log(params, fields, are_impressions=log.label is not None)
    again = int((is_repeat & log.in_log).sum())
    unusual = [*ignored, *describe_unusual(log, source, again)]
    groups = None if log.label is None else log.groups()
    log = replace(log, impression=None)
    moment = log.timestamp if groups is None else groups.moment
    part = split.part_of(moment)
    part[~log.in_log] = _EARLIER
    _tell(source.log, "histories")
    histories = find_histories(log, moment, params.max_history)
    _tell(source.log, "rows" if log.label is not None else "negatives")
    if groups is None:
        parts, dropped = click_rows(log, part, histories, is_repeat, params)
    else:
        parts, dropped = impression_rows(log, part, groups, histories, params)
    parts, weighting = _with_weights(parts, weights, params)
    _tell(source.log, "fields and counts")
    known = None if earlier is None else earlier.fields
    dates = fields.published_column if ITEM_AGE in fields.time else None
    parts, encoded = add_fields(source, parts, part, groups, fields, known)
    return primary_tables(
        "interactions",
        source.items,
        source.image_vectors,
        {name: rows.table() for name, rows in parts.items()},
        _events(log),
        counts=count_parts(
            {name: rows.columns() for name, rows in parts.items()},
            parts["train"].items_seen(),
        ),
        audited={name: rows.audited() for name, rows in parts.items()},
        fields=encoded.items(),
        state=encoded.state,
        unknown=log.unknown,
        log={
            **_kind(groups, params),
            "columns": column_use(source, groups, params, encoded.uses, dates),
            **facts,
            **repeats,
            ("repeated_rows" if groups else "repeated_events_dropped"): log.copies,
            "dropped": dropped_share(log, parts, dropped),
            "weights": weighting,
            "parts": dropped,
            "notes": [*source.notes, *unusual],
        },
    )


def _tell(log: pa.Table, step: str) -> None:
    """Say what comes next, where it takes long."""
    if len(log) > PIECE_ROWS:
        logger.info("preparing %s events: %s", f"{len(log):,}", step)


def _numbered_columns(source: LogSource, fields: FieldsParams) -> set[str]:
    """Columns of the log that are in its numbers, and needed nowhere else."""
    found = set(SPECIAL["row"])
    if source.users is not None or fields.user_id:
        found -= {"user_id"}
    return found


def _without_repeats(
    log: NumberedLog, params: PreparationParams
) -> tuple[NumberedLog, np.ndarray, dict[str, object]]:
    """Leave out clicks of an item again, if a parameter says so.

    Returns:
        The rest, which of it are clicks of an item that the user clicked before, and
        counts for the report.
    """
    if log.label is not None:
        return log, np.zeros(len(log), bool), {}
    repeat = find_repeats(log)
    found: dict[str, object] = {
        "repeats": params.repeats,
        "repeated_clicks": int((repeat & log.in_log).sum()),
    }
    if params.repeats == "drop":
        log, repeat = log.take(~repeat), repeat[~repeat]
    return log, repeat, found


def _with_weights(
    parts: dict[str, PartRows],
    weights: np.ndarray | None,
    params: PreparationParams,
) -> tuple[dict[str, PartRows], dict[str, object] | None]:
    """Give rows their weights, those of their events."""
    if weights is None:
        return parts, None
    of_parts = {
        name: weights[rows.log.file_row[rows.events]] for name, rows in parts.items()
    }
    scaled, report = scale_weights(of_parts, params)
    parts = {name: replace(rows, weights=scaled[name]) for name, rows in parts.items()}
    return parts, report


def _events(log: NumberedLog) -> pa.Table | TablePieces:
    def table_of(places: slice) -> pa.Table:
        return events_table(
            log.user_ids.take(pa.array(log.user[places])),
            log.item[places],
            log.timestamp[places],
            _labels(log, places),
        )

    if len(log) <= PIECE_ROWS:
        return table_of(slice(0, len(log)))
    return TablePieces(len(log), PIECE_ROWS, table_of)


def _labels(log: NumberedLog, places: slice) -> pa.Array | None:
    if log.label is None:
        return None
    return pa.array(log.label[places], mask=~log.in_log[places])


def _kind(groups: Groups | None, params: PreparationParams) -> dict[str, object]:
    """What kind of log it is, and what makes its rows."""
    if groups is None:
        return {
            "kind": "clicks",
            "groups": OF_CLICKS,
            "negatives_per_positive": params.negatives_per_positive,
            "negative_keep": 1.0,
        }
    return {
        "kind": "impressions",
        "groups": groups.kind,
        "split_impression_ids": groups.split_ids,
        "negative_keep": params.negative_keep,
    }


def _facts(log: NumberedLog, split: TimeSplit) -> dict[str, object]:
    """Sizes and times of what was read."""
    times = log.log_times()
    first, last = (
        datetime.fromtimestamp(int(time), UTC).date().isoformat() if log.clock else None
        for time in (times[0], times[-1])
    )
    return {
        "events": log.read,
        "earlier_clicks": len(log) - len(times),
        "users": log.count_users(),
        "items_with_events": log.count_items(),
        "clock": log.clock,
        "first_day": first,
        "last_day": last,
        "valid_from": split.valid_from,
        "test_from": split.test_from,
    }
