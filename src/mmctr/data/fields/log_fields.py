"""The fields of a log: fitted on its train rows, and encoded for any rows of it."""

import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from mmctr.data.column_kinds import is_list
from mmctr.data.fields.column_values import Column, distinct_values, whole
from mmctr.data.fields.extending import extend_fields, params_of_fields
from mmctr.data.fields.field import Field
from mmctr.data.fields.fitting import fit_column
from mmctr.data.fields.levels_and_tags import TAGS
from mmctr.data.fields.log_columns import PUBLISHED, LogColumns, RowsOfLog
from mmctr.data.fields.params import FieldsParams
from mmctr.data.fields.state import ColumnUse, FieldState
from mmctr.data.reading.names import counts_labels
from mmctr.data.reading.source import LogSource

logger = logging.getLogger(__name__)


class LogFields:
    """The fields of a log, fitted, and what encodes its items and rows.

    Attributes:
        state: The fields.
        uses: Field -> what became of its column.
    """

    def __init__(
        self, state: FieldState, uses: dict[str, ColumnUse], columns: LogColumns
    ) -> None:
        """Keep what was fitted; see :func:`fit_log_fields`."""
        self.state = state
        self.uses = uses
        self._columns = columns
        self._users = state.encode("user", columns.users, columns.n_users)

    @property
    def of_rows(self) -> bool:
        """Whether users or rows have a field."""
        return len(self.state.fields) > len(self.state.of("item"))

    def items(self) -> pa.Table:
        """Columns ``[n_items]`` of the items' fields, in the order of the items.

        Behind them :data:`PUBLISHED`, if ages of items count from a date.
        """
        columns = self._columns
        table = self.state.encode("item", columns.items, columns.n_items)
        if columns.published is None:
            return table
        dates = pa.array(columns.published, from_pandas=True)
        return table.append_column(PUBLISHED, dates)

    def rows(self, rows: RowsOfLog) -> pa.Table:
        """Columns ``[R]`` of the users' and the rows' own fields."""
        columns = dict(self._columns.of_rows(rows))
        table = self.state.encode("row", columns, len(rows.event))
        if not self._users.num_columns:
            return table
        users = self._users.take(pa.array(self._columns.users_of(rows)))
        for place, column in enumerate(users.columns):
            table = table.append_column(users.field(place), column)
        return table


def fit_log_fields(
    source: LogSource,
    train: Iterable[RowsOfLog],
    in_train: np.ndarray,
    first_event: np.ndarray,
    params: FieldsParams,
    earlier: Sequence[Field] | None = None,
) -> LogFields:
    """Fit the fields of a log on its train rows.

    Args:
        source: The log.
        train: Its train rows, in pieces of any size.
        in_train: ``[n_items + 1]`` bool, the items of train's targets and histories.
        first_event: See :class:`mmctr.data.fields.log_columns.LogColumns`.
        params: Which columns, and how.
        earlier: Fields of an earlier run, which are kept and get codes for new values;
            None: there was none.

    Returns:
        The fields.

    Raises:
        ValueError: If a parameter names a column that is not there, or does not suit
            its values.
    """
    if earlier is not None:
        params = params_of_fields(params, earlier)
    columns = LogColumns(source, first_event, params)
    of_rows = params.context or params.clicked or params.time
    if not (columns.items or columns.users or of_rows):
        train = ()
    counted = _count_values(columns, train)
    # An item that is in histories alone counts once.
    of_items = np.maximum(counted.of_items, in_train)[1:]
    fields, uses = [], {}
    for side, found in (
        ("item", {x: (values, of_items) for x, values in columns.items.items()}),
        ("user", {x: (each, counted.of_users) for x, each in columns.users.items()}),
        ("row", counted.of_rows),
    ):
        for column, (values, counts) in found.items():
            name = column.replace(".", "_")
            name = f"{side}_{name}" if name in uses else name
            field, use = fit_column(name, column, side, values, counts, params)
            if field is not None and (side, column) == ("item", TAGS):
                separator = columns.separator
                field = field.model_copy(update={"separator": separator})
            if side == "row" and column in params.time:
                use = use.model_copy(update={"kind": "time"})
            if field is not None and column in params.clicked_columns:
                of_clicks = params.clicked_columns[column]
                field = field.model_copy(update={"of_clicks": of_clicks})
            if field is not None and side != "row" and counts_labels(column):
                logger.warning(
                    "column '%s' of the %ss may count clicks: counted until when? If "
                    "it counts those of valid or test, it gives their labels away; "
                    "leave it out with --params fields.columns.%s.used=false",
                    *(column, side, column),
                )
            uses[name] = use
            fields += [field] if field else []
    if earlier is not None:
        uses = _without_new(uses, fields, earlier)
        fields = extend_fields(fields, earlier)
    return LogFields(FieldState(fields=fields), uses, columns)


def _without_new(
    uses: dict[str, ColumnUse], fields: Sequence[Field], earlier: Sequence[Field]
) -> dict[str, ColumnUse]:
    """Say of columns that an earlier run had no field of that they are none now."""
    known = {(field.side, field.name) for field in earlier}
    why = "the bundle of ctr_modeling.start_from has no such field"
    left_out = {x.name: x for x in fields if (x.side, x.name) not in known}
    for field in left_out.values():
        logger.warning("column '%s' of the %ss: %s", field.column, field.side, why)
    return {
        name: use.model_copy(update={"used": False, "kind": None, "why": why})
        if name in left_out
        else use
        for name, use in uses.items()
    }


class _Counts(NamedTuple):
    """Train rows of each item and user; values of rows, and the rows of each."""

    of_items: np.ndarray
    of_users: np.ndarray
    of_rows: dict[str, tuple[Column, np.ndarray]]


def _count_values(columns: LogColumns, train: Iterable[RowsOfLog]) -> _Counts:
    of_items = np.zeros(columns.n_items + 1, np.int64)
    of_users = np.zeros(columns.n_users, np.int64)
    pieces: dict[str, list[tuple[pa.Array, np.ndarray]]] = {}
    for rows in train:
        of_items += np.bincount(rows.item, minlength=len(of_items))
        if columns.users:
            of_users += np.bincount(columns.users_of(rows), minlength=len(of_users))
        for name, values in columns.of_rows(rows):
            pieces.setdefault(name, []).append(_counted(whole(values)))
    of_rows = {
        name: (
            pa.concat_arrays([values for values, _ in found]),
            np.concatenate([counts for _, counts in found]),
        )
        for name, found in pieces.items()
    }
    return _Counts(of_items, of_users, of_rows)


def _counted(values: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Values and the rows of each; lists as they are."""
    if is_list(values.type):
        return values, np.ones(len(values), np.int64)
    distinct = distinct_values(values)
    known = distinct.codes[distinct.codes >= 0]
    return distinct.values, np.bincount(known, minlength=len(distinct.values))
