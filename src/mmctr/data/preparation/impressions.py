"""Rows of a log of impressions: what was shown, clicked or not."""

import numpy as np
import pandas as pd

from mmctr.data.preparation.groups import Groups
from mmctr.data.preparation.histories import Histories
from mmctr.data.preparation.numbered_log import NumberedLog
from mmctr.data.preparation.ordering import combine_hashes
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.part_rows import ImpressionRows, PartRows
from mmctr.data.preparation.splits import PARTS

_MIN_HISTORY = 0


def impression_rows(
    log: NumberedLog,
    part: np.ndarray,
    groups: Groups,
    histories: Histories,
    params: PreparationParams,
) -> tuple[dict[str, PartRows], dict[str, dict[str, int]]]:
    """The rows of every part in time order; of train's negatives only some.

    Args:
        log: Events in time order, with labels.
        part: ``[events]`` index of each event's part; -1 for earlier clicks.
        groups: Of the events.
        histories: Of the events.
        params: Histories, and the share of train's negatives to keep.

    Returns:
        By part the rows, and how many were dropped and why.

    Raises:
        ValueError: If a part would not have rows of both labels; it names what to
            change.
    """
    assert log.label is not None  # nosec B101
    least = _MIN_HISTORY if params.min_history is None else params.min_history
    number = groups.within(part)
    rows: dict[str, PartRows] = {}
    dropped = {}
    for index, name in enumerate(PARTS):
        events = np.flatnonzero(part == index).astype(np.int32)
        count = len(events)
        if least:
            events = events[histories.lengths_of(events) >= least]
        short = count - len(events)
        clicks = int(log.label[events].sum(dtype=np.int64))
        if clicks in (0, len(events)):
            raise ValueError(_explain(name, (count, short, clicks), least))
        negatives = len(events) - clicks
        eligible = events
        if name == "train" and params.negative_keep < 1:
            events = events[_kept(log, events, params)]
        rows[name] = ImpressionRows(
            log=log,
            histories=histories,
            events=events,
            width=1,
            labels=log.label,
            groups=number,
            moment=groups.moment,
            all_events=eligible,
        )
        dropped[name] = {
            "events": count,
            "dropped_short_history": short,
            "positives": clicks,
            "negatives": negatives,
            "negatives_kept": len(events) - clicks,
        }
    return rows, dropped


def _kept(
    log: NumberedLog, events: np.ndarray, params: PreparationParams
) -> np.ndarray:
    """Clicks, and a share of the others that hashes choose: ``[E]`` bool."""
    assert log.label is not None  # nosec B101
    draw = combine_hashes(
        params.seed,
        (log.user_hashes, log.user[events]),
        (log.item_hashes, log.item[events]),
    )
    draw ^= pd.util.hash_array(log.timestamp[events])
    draw = pd.util.hash_array(draw)
    return (log.label[events] == 1) | (draw / 2.0**64 < params.negative_keep)


def _explain(name: str, counts: tuple[int, int, int], least: int) -> str:
    """Say why a part does not have both labels, and what to change."""
    count, short, clicks = counts
    left = count - short
    advice = []
    if short and least:
        advice.append("lower preparation.min_history")
    fraction = "test_fraction" if name == "test" else "valid_fraction"
    verb = "lower" if name == "train" else "raise"
    advice.append(f"{verb} preparation.{fraction}")
    why = f"{short} of {count} have a history under preparation.min_history={least}"
    return (
        f"{name} needs rows of both labels, and has {clicks} with label 1 and "
        f"{left - clicks} with label 0" + (f" ({why})" if short else "") + f"; "
        f"{', '.join(advice)}, or check which values of the log are clicks "
        "(preparation.reading.label)"
    )
