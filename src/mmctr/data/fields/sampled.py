"""What columns would be, seen from their first rows alone."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from mmctr.data.fields.fitting import fit_column
from mmctr.data.fields.log_columns import other_columns, require_columns
from mmctr.data.fields.params import FieldsParams, Kind, Side
from mmctr.data.fields.state import ColumnUse

_OWN: tuple[tuple[str, Kind, str], ...] = (
    ("tags", "tags", "ctr_modeling.features.tags=false leaves them out"),
    ("tag", "tags", "ctr_modeling.features.tags=false leaves them out"),
    ("likes", "level", "eleven quantiles; ctr_modeling.features.likes"),
    ("views", "level", "eleven quantiles; ctr_modeling.features.views"),
)


def guess_columns(
    tables: Mapping[Side, pa.Table], params: FieldsParams
) -> list[ColumnUse]:
    """Infer what each column would be, as if these rows were train.

    Args:
        tables: Some rows of items, users and the log.
        params: What is said of columns; rare values do not count here.

    Returns:
        One for each of tags, likes and views, then one per column that has no other
        meaning, in the order of the tables.

    Raises:
        ValueError: If a parameter names a column that is not there, or does not suit
            its values.
    """
    params = params.model_copy(update={"min_count": 1})
    there = {side: other_columns(table, side) for side, table in tables.items()}
    require_columns(params, there)
    found = [
        ColumnUse(column=column, side="item", kind=kind, used=True, why=why)
        for column, kind, why in _OWN
        if "item" in tables and column in tables["item"].column_names
    ]
    for side, columns in there.items():
        counts = np.ones(tables[side].num_rows, np.int64)
        for column, values in columns.items():
            if side == "row" and column not in params.context:
                why = "not named in fields.context"
                use = ColumnUse(
                    column=column, side=side, kind=None, used=False, why=why
                )
            else:
                _, use = fit_column(column, column, side, values, counts, params)
            found.append(use)
    return found
