"""Fields of primary tables as the arrays that are audited."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.fields.field import CODES, MISSING, RARE, UNKNOWN, VALUES
from mmctr.evaluation import AuditedField

_SHARED = {"missing": MISSING, "rare": RARE, "unknown": UNKNOWN}


def audited_fields(items: pa.Table, rows: pa.Table) -> dict[str, AuditedField]:
    """Collect every field of rows: that of the target, of the user, of the row.

    Args:
        items: Row i is item i + 1, with its fields.
        rows: Primary rows with their fields, whose targets are all known.

    Returns:
        By name.
    """
    of_items = [x for x in items.column_names if x.startswith((CODES, VALUES))]
    places = pa.array(rows["item_id"].to_numpy() - 1)
    found = {}
    for table in (items.select(of_items).take(places), rows):
        for column in table.schema:
            if column.name.startswith(CODES):
                name = column.name.removeprefix(CODES)
                found[name] = _audited(table, column, name)
    return found


def _audited(table: pa.Table, column: pa.Field, name: str) -> AuditedField:
    codes = table[column.name].combine_chunks()
    lengths = np.ones(len(codes), np.int64)
    if pa.types.is_list(column.type):
        lengths = pc.list_value_length(codes).to_numpy(zero_copy_only=False)
        codes = codes.flatten()
    has_value = VALUES + name in table.column_names
    return AuditedField(
        side=column.metadata[b"side"].decode(),
        kind=column.metadata[b"kind"].decode(),
        codes=codes.to_numpy(zero_copy_only=False).astype(np.int64),
        lengths=lengths.astype(np.int64),
        shared=_SHARED,
        values=table[VALUES + name].to_numpy() if has_value else None,
    )
