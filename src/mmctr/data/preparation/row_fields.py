"""Fields of the items, users and rows of a log that is being prepared."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmctr.data.fields.field import Field
from mmctr.data.fields.log_columns import GROUP_SIZE, ITEM_AGE, other_columns
from mmctr.data.fields.log_fields import LogFields, fit_log_fields
from mmctr.data.fields.params import FieldsParams
from mmctr.data.preparation.earlier_clicks import EarlierClicks
from mmctr.data.preparation.groups import BY_USER, Groups
from mmctr.data.preparation.numbered_log import NumberedLog
from mmctr.data.preparation.part_rows import PartRows
from mmctr.data.reading.source import LogSource

_NEVER = np.iinfo(np.int64).max


def add_fields(
    source: LogSource,
    parts: dict[str, PartRows],
    part: np.ndarray,
    groups: Groups | None,
    params: FieldsParams,
    earlier: Sequence[Field] | None = None,
) -> tuple[dict[str, PartRows], LogFields]:
    """Fit the fields on the rows of train, and let every part's rows have them.

    Args:
        source: What was read.
        parts: The rows.
        part: ``[events]`` index of each event's part; -1 for earlier clicks.
        groups: Of the rows of impressions; None for a log of clicks.
        params: Which columns are fields.
        earlier: Fields of an earlier run, which are kept; None: there was none.

    Returns:
        The rows, and the fields.

    Raises:
        ValueError: If a parameter names a column that is not there, or does not suit
            its values; if ``group_size`` is asked for where groups are users.
    """
    sizes = None
    if groups is not None and GROUP_SIZE in params.context:
        if groups.kind == BY_USER:
            raise ValueError(
                f"fields.context has {GROUP_SIZE}, and the groups of this log are its "
                "users: a user's number of rows is not known before the last of them; "
                f"leave {GROUP_SIZE} out, or give the log a column 'impression_id'"
            )
        number = groups.within(part)
        sizes = np.bincount(number)[number]
    sized = {name: replace(rows, group_sizes=sizes) for name, rows in parts.items()}
    train = sized["train"]
    if params.clicked:
        clicks = EarlierClicks.find(train.log, train.histories, params.max_tags)
        sized = {name: replace(rows, clicks=clicks) for name, rows in sized.items()}
        train = sized["train"]
    # Both take time in long logs, and few need them.
    in_train = first = np.zeros(source.items.num_rows + 1, bool)
    if other_columns(source.items, "item"):
        in_train = train.items_seen()
    if ITEM_AGE in params.time:
        first = _first_events(train.log)
    pieces = train.eligible_pieces()
    fields = fit_log_fields(source, pieces, in_train, first, params, earlier)
    if not fields.of_rows:
        return parts, fields
    return {name: replace(rows, fields=fields) for name, rows in sized.items()}, fields


def _first_events(log: NumberedLog) -> np.ndarray:
    """``[n_items + 1]`` time of each item's first event, the greatest int64 without."""
    first = np.full(len(log.item_hashes), _NEVER)
    first[log.item[::-1]] = log.timestamp[::-1]
    return first
