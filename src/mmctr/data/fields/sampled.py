"""What columns would be, seen from their first rows alone."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from mmctr.data.fields.fitting import fit_column
from mmctr.data.fields.levels_and_tags import TAGS
from mmctr.data.fields.log_columns import other_columns, require_columns
from mmctr.data.fields.params import FieldsParams, Side
from mmctr.data.fields.state import ColumnUse


def guess_columns(
    tables: Mapping[Side, pa.Table], params: FieldsParams
) -> list[ColumnUse]:
    """Infer what each column would be, as if these rows were train.

    Args:
        tables: Some rows of items, users and the log.
        params: What is said of columns; rare values do not count here.

    Returns:
        One per column that may be a field, in the order of the tables.

    Raises:
        ValueError: If a parameter names a column that is not there, or does not suit
            its values.
    """
    params = params.model_copy(update={"min_count": 1})
    there = {side: other_columns(table, side) for side, table in tables.items()}
    items = tables.get("item")
    if items is not None and "tag" in items.column_names:
        there["item"].setdefault(TAGS, items["tag"])
    require_columns(params, there)
    found: list[ColumnUse] = []
    for side, columns in there.items():
        counts = np.ones(tables[side].num_rows, np.int64)
        for column, values in columns.items():
            if side == "row" and column not in params.context:
                use = _unnamed(column, params)
            else:
                _, use = fit_column(column, column, side, values, counts, params)
            found.append(use)
    return found


def _unnamed(column: str, params: FieldsParams) -> ColumnUse:
    """What a column of the log is that is no field of the rows themselves."""
    use = ColumnUse(
        column=column,
        side="row",
        kind=None,
        used=False,
        why="not named in fields.context",
    )
    if column not in params.clicked:
        return use
    why = "fields.clicked: what it was at the user's earlier clicks"
    return use.model_copy(update={"kind": "tags", "used": True, "why": why})
