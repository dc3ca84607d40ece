"""The fields of a log: fitted on its train rows, and encoded for any rows of it."""

import numpy as np
import pyarrow as pa

from mmctr.data.fields.fitting import fit_column
from mmctr.data.fields.log_columns import LogColumns, RowsOfLog
from mmctr.data.fields.params import FieldsParams
from mmctr.data.fields.state import ColumnUse, FieldState
from mmctr.data.reading.source import LogSource


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

    def items(self) -> pa.Table:
        """Columns ``[n_items]`` of the items' fields, in the order of the items."""
        return self.state.encode("item", self._columns.items, self._columns.n_items)

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
    train: RowsOfLog,
    in_histories: np.ndarray,
    first_event: np.ndarray,
    params: FieldsParams,
) -> LogFields:
    """Fit the fields of a log on its train rows.

    Args:
        source: The log.
        train: Its train rows.
        in_histories: ``[n_items + 1]`` bool, the items of train's histories.
        first_event: See :class:`mmctr.data.fields.log_columns.LogColumns`.
        params: Which columns, and how.

    Returns:
        The fields.

    Raises:
        ValueError: If a parameter names a column that is not there, or does not suit
            its values.
    """
    columns = LogColumns(source, first_event, params)
    # Train rows of each item; one that is in histories alone counts once.
    of_items = np.bincount(train.item, minlength=columns.n_items + 1)
    of_items = np.maximum(of_items, in_histories)[1:]
    of_users = np.zeros(columns.n_users, np.int64)
    if columns.users:
        of_users = np.bincount(columns.users_of(train), minlength=columns.n_users)
    of_rows = np.ones(len(train.event), np.int64)
    fields, uses, taken = [], {}, set()
    for side, found, counts in (
        ("item", columns.items.items(), of_items),
        ("user", columns.users.items(), of_users),
        ("row", columns.of_rows(train), of_rows),
    ):
        for column, values in found:
            name = column.replace(".", "_")
            name = f"{side}_{name}" if name in taken else name
            taken.add(name)
            field, use = fit_column(name, column, side, values, counts, params)
            if side == "row" and column in params.time:
                use = use.model_copy(update={"kind": "time"})
            uses[name] = use
            fields += [field] if field else []
    return LogFields(FieldState(fields=fields), uses, columns)
